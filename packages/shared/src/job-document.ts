import { THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "./aws-limits.js";
import { FotaError } from "./errors.js";
import { IMAGE_URL_MAX_LENGTH, isImageUrl, isPresignPlaceholder } from "./image-url.js";
import {
  type IntegerSchema,
  listOf,
  optional,
  readBySchema,
  type Schema,
  type SchemaOf,
  type StringSchema,
  text,
} from "./schema.js";
import { VERSION_MAX_LENGTH, VERSION_PATTERN } from "./version.js";

/** `operation` of every fota job. Distinguishes it from other jobs (P-10). */
export const FOTA_OPERATION = "fota";

/** `bc_delta` has at most this many patches from other images, and the compressed image beside them. */
export const DELTAS_MAX = 4;

/** One image of a job document. */
export interface DocumentImage {
  /** Slot that the image is built for. */
  bc_idx: number;
  /** MD5 in lower-case hex. */
  bc_crc: string;
  /** Size in bytes. */
  bc_size: number;
  /** Where the image is, or a placeholder that AWS IoT replaces with a presigned URL. */
  bc_url: string;
  /** SHA-256 in lower-case hex. */
  bc_sha256?: string | undefined;
  /** Smaller downloads of the same image. */
  bc_delta?: DocumentDelta[] | undefined;
}

/** A patch that makes the image (docs/delta.md). */
export interface DocumentDelta {
  /** SHA-256 of the image that the device must have; absent for the compressed image. */
  from_sha256?: string | undefined;
  /** Size of that image in bytes. */
  from_size?: number | undefined;
  /** Where the patch is, as `bc_url`. */
  url: string;
  /** Size of the patch. */
  bytes: number;
  /** SHA-256 of the patch. */
  sha256: string;
}

/** An entry of `bc_sig`. */
export interface DocumentSignature {
  /** Id of the key. */
  key: string;
  /** The signature in base64. */
  sig: string;
}

/** One link of `bc_keys`: a signed change of the keys that a device trusts. */
export interface KeySetLink {
  /** Version of the key set. */
  v: number;
  /** How many of `keys` must sign. */
  t: number;
  /** Ids and public keys. */
  keys: [string, string][];
  /** How many of `roots` must sign a change of the set. */
  rt?: number | undefined;
  roots?: [string, string][] | undefined;
  /** Sequence number to start from again. */
  seq?: number | undefined;
  sig: DocumentSignature[];
}

/**
 * A job document, as docs/job-document.md explains it. The first five keys are exactly those of the original library.
 * The others are optional, and old devices ignore them.
 */
export interface JobDocument extends DocumentImage {
  operation: "fota";
  bc_version?: string | undefined;
  bc_model?: string | undefined;
  bc_min?: string | undefined;
  /** Seconds since 1970. */
  bc_exp?: number | undefined;
  /** The same firmware for other slots. */
  bc_alt?: (DocumentImage & { bc_sha256: string })[] | undefined;
  bc_seq?: number | undefined;
  bc_for?: string[] | undefined;
  bc_down?: true | undefined;
  /** Seconds since 1970. */
  bc_at?: number | undefined;
  bc_sig?: DocumentSignature[] | undefined;
  bc_keys?: KeySetLink[] | undefined;
}

const slot: IntegerSchema = { type: "integer", minimum: 0 };
export const positiveInteger: IntegerSchema = { type: "integer", minimum: 1 };
const version = text(VERSION_MAX_LENGTH, VERSION_PATTERN, "be a version of at most 64 characters");
const url: Pick<RegExp, "test"> = { test: (value) => isImageUrl(value) || isPresignPlaceholder(value) };

const imageUrl = text(
  IMAGE_URL_MAX_LENGTH,
  url,
  "be an https URL (http only to a loopback address) or an AWS IoT presign placeholder",
);

const deltas: SchemaOf<DocumentDelta[]> = listOf(DELTAS_MAX + 1, {
  type: "object",
  properties: {
    from_sha256: optional(hexDigits(64)),
    from_size: optional(positiveInteger),
    url: imageUrl,
    bytes: positiveInteger,
    sha256: hexDigits(64),
  },
});

const imageProperties = {
  bc_idx: slot,
  bc_crc: hexDigits(32),
  bc_size: positiveInteger,
  bc_url: imageUrl,
  bc_delta: optional(deltas),
};

/**
 * The schema of job documents without their signatures, which only a device with trusted keys reads. Unknown keys are
 * dropped, so that an old agent can read a newer document.
 */
export const plainDocumentSchema: SchemaOf<Omit<JobDocument, "bc_sig" | "bc_keys">> = {
  type: "object",
  properties: {
    operation: { type: "const", value: FOTA_OPERATION },
    ...imageProperties,
    bc_sha256: optional(hexDigits(64)),
    bc_version: optional(version),
    // A line feed could forge lines of the signed statement.
    bc_model: optional(
      text(128, /^[ -~\u00a0-\uffff]*$/, "have 1 to 128 characters, and no control characters"),
    ),
    bc_min: optional(version),
    bc_exp: optional(positiveInteger),
    bc_alt: optional(
      listOf(8, { type: "object", properties: { ...imageProperties, bc_sha256: hexDigits(64) } }),
    ),
    bc_seq: optional(positiveInteger),
    bc_for: optional({
      ...listOf(100, text(THING_NAME_MAX_LENGTH, THING_NAME_PATTERN, "be a thing name")),
      unique: true,
    }),
    bc_down: optional({ type: "const", value: true }),
    bc_at: optional(positiveInteger),
  },
};

/**
 * Tells by `operation` whether a job document is a fota update. Accepts any value, because other kinds of jobs share
 * the queue (B-27). Never throws.
 */
export function isFotaDocument(document: unknown): boolean {
  return (
    typeof document === "object" &&
    document !== null &&
    (document as Record<string, unknown>)["operation"] === FOTA_OPERATION
  );
}

/**
 * Parses an untrusted job document, and drops its signatures. Accepts digests in upper case, as the original does
 * (P-39), and returns them in lower case.
 * @throws {FotaError} DOCUMENT_INVALID, naming each invalid field and its value
 */
export function parsePlainDocument(document: unknown): JobDocument {
  return parseBySchema(plainDocumentSchema, document);
}

/** Parses a document by its schema. @throws {FotaError} DOCUMENT_INVALID */
export function parseBySchema(schema: Schema, document: unknown): JobDocument {
  const faults: string[] = [];
  const parsed = readBySchema(schema, document, faults) as JobDocument;
  const images = faults.length === 0 ? imagesOf(parsed) : [];
  const slots = images.map(({ bc_idx }) => bc_idx);
  if (new Set(slots).size < slots.length) faults.push(`bc_alt: slots must differ, got ${slots.join(", ")}`);
  for (const image of images) {
    const fault = deltaFault(image);
    if (fault !== undefined) faults.push(`bc_delta ${fault}`);
  }
  if (faults.length === 0) return parsed;
  throw new FotaError("DOCUMENT_INVALID", `the job document is not valid: ${faults.join("; ")}`, {
    hint: "compare it with docs/job-document.md, which lists every key",
  });
}

/** Returns the images of a document, the one in the legacy keys first. */
export function imagesOf(document: JobDocument): DocumentImage[] {
  return [document, ...(document.bc_alt ?? [])];
}

/** Returns what is wrong with the patches of an image, beyond their schema; `undefined` if nothing is. */
function deltaFault({ bc_sha256, bc_delta = [] }: DocumentImage): string | undefined {
  if (bc_delta.length > 0 && bc_sha256 === undefined) return "needs bc_sha256";
  if (bc_delta.some((each) => (each.from_sha256 === undefined) !== (each.from_size === undefined))) {
    return "must have from_sha256 and from_size together";
  }
  const froms = new Set(bc_delta.map(({ from_sha256 }) => from_sha256));
  if (froms.size < bc_delta.length) return "must have one entry for each from_sha256";
  return bc_delta.length > DELTAS_MAX && !froms.has(undefined)
    ? `must have at most ${DELTAS_MAX} patches`
    : undefined;
}

function hexDigits(count: number): StringSchema {
  const pattern = new RegExp(`^[0-9a-f]{${count}}$`);
  return { ...text(count, pattern, `be ${count} hex digits`), lowerCase: true };
}
