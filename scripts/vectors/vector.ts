import {
  type DocumentImage,
  type DocumentSignature,
  type JobDocument,
  type KeySet,
  keySetStatement,
  parseJobDocument,
  signedStatement,
} from "../../packages/shared/src/index.js";
import { keysOf, type TestKey, testKey } from "../../packages/shared/test/signing.js";

/** What the device of a case knows. A missing key is unknown to it. */
interface VectorDevice {
  model?: string;
  thingName?: string;
  /** Running version. */
  version?: string;
  /** Lowest `bc_seq` that it accepts. */
  seq: number;
  /** SHA-256 of the image that it confirmed with that `bc_seq`. */
  confirmedSha256?: string;
  /** The present, in seconds since 1970. */
  timeSeconds?: number;
}

/** One case of `vectors/signed-documents.json`. */
export interface Vector {
  name: string;
  /** The job document as JSON text. */
  document: string;
  /** The key set that the device trusts. */
  trust: KeySet;
  device: VectorDevice;
  /** The signed statement of the document. Missing if it has none. */
  statement?: string;
  /** The statement of each link of `bc_keys`. */
  keyStatements?: string[];
  verdict: "accepted" | "refused";
  cause?: string;
  /** Version of the key set that the device has afterwards, if `bc_keys` changed it. */
  keySetVersion?: number;
  /** Why a device may also refuse a document that others accept. */
  mayRefuse?: string;
}

/** A case, as it is written down: what is left out is that of the usual device, which trusts `ann`. */
export interface Draft {
  name: string;
  /** A text stands for itself, anything else for its JSON. */
  document: object | string;
  /** The cause of the refusal. Left out, the document is accepted. */
  cause?: string;
  trust?: Partial<KeySet>;
  device?: { [Key in keyof VectorDevice]?: VectorDevice[Key] | undefined };
  keySetVersion?: number;
  mayRefuse?: string;
}

export const ann = testKey(1, "ann");
export const bob = testKey(2, "bob");
/** No device trusts this key. */
export const eve = testKey(3, "eve");
export const rootA = testKey(4, "root-a");
export const rootB = testKey(5, "root-b");

/** The image of `V1` and `V2` for slot 0. */
export const ALTERNATIVE = {
  bc_idx: 0,
  bc_crc: "e4d909c290d0fb1ca068ffaddf22cbd0",
  bc_size: 4100,
  bc_url: "https://fw.example/app-0.bin",
  bc_sha256: "ef537f25c895bfa782526529a9b63d97aa631564d5d789c2b765448c8635fb6c",
} satisfies DocumentImage;

/** A document of statement version 1 with every key of that version. */
export const V1 = {
  operation: "fota",
  bc_idx: 1,
  bc_crc: "9e107d9d372bb6826bd81d3542a419d6",
  bc_size: 4096,
  bc_url: "https://fw.example/app-1.bin",
  bc_sha256: "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
  bc_version: "1.7.0",
  bc_model: "thermostat-v2",
  bc_min: "1.4",
  bc_alt: [ALTERNATIVE],
  bc_exp: 1_790_000_000,
} satisfies JobDocument;

/** A document of statement version 2 with every key. */
export const V2 = {
  ...V1,
  bc_seq: 12,
  bc_for: ["lab-2", "lab-1"],
  bc_down: true,
  bc_at: 1_780_000_000,
} satisfies JobDocument;

const DEVICE: VectorDevice = {
  model: "thermostat-v2",
  thingName: "lab-1",
  version: "1.6.0",
  seq: 0,
  timeSeconds: 1_785_000_000,
};

/** Returns `document` with a signature of each key over `statement`, by default its own. */
export function signed<T extends JobDocument>(
  document: T,
  keys: readonly TestKey[] = [ann],
  statement = signedStatement(document),
): T & { bc_sig: DocumentSignature[] } {
  return { ...document, bc_sig: keys.map((key) => key.sign(statement)) };
}

export function without<T extends object, K extends keyof T>(document: T, ...keys: K[]): Omit<T, K> {
  const entries = Object.entries(document).filter(([key]) => !(keys as string[]).includes(key));
  return Object.fromEntries(entries) as Omit<T, K>;
}

/** Fills in what a draft leaves out, and writes down the statements of its document. */
export function toVector(draft: Draft): Vector {
  const { name, document, cause, trust, device, keySetVersion, mayRefuse } = draft;
  const text = typeof document === "string" ? document : JSON.stringify(document);
  return {
    name,
    document: text,
    trust: { version: 1, threshold: 1, keys: keysOf(ann), ...trust },
    device: JSON.parse(JSON.stringify({ ...DEVICE, ...device })), // without keys that are undefined
    ...statementsOf(text),
    verdict: cause === undefined ? "accepted" : "refused",
    ...(cause !== undefined && { cause }),
    ...(keySetVersion !== undefined && { keySetVersion }),
    ...(mayRefuse !== undefined && { mayRefuse }),
  };
}

function statementsOf(text: string): Pick<Vector, "statement" | "keyStatements"> {
  try {
    const document = parseJobDocument(JSON.parse(text));
    const links = document.bc_keys?.map(keySetStatement);
    const keyStatements = links && { keyStatements: links };
    try {
      return { statement: signedStatement(document), ...keyStatements };
    } catch {
      return { ...keyStatements };
    }
  } catch {
    return {};
  }
}
