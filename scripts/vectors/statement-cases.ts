import { signedStatement } from "../../packages/shared/src/index.js";
import { ALTERNATIVE, type Draft, signed, V1, V2, without } from "./vector.js";

const INVALID = "signature-invalid";
const OTHER_MD5 = "0".repeat(32);
const OTHER_SHA256 = "0".repeat(64);
const v1 = signed(V1);
const v2 = signed(V2);
const { bc_alt, bc_version, bc_model, bc_min, bc_exp, bc_seq, bc_for, bc_down, bc_at, ...primary } = V2;
const small = { ...primary, bc_model, bc_version };

/** What the statement says, and what it leaves open. */
export const statementCases: Draft[] = [
  { name: "version 1, all keys", document: v1 },
  { name: "version 1, one image, a model and a version", document: signed(small) },
  { name: "version 2, all keys", document: v2 },
  ...Object.entries({ bc_seq, bc_for, bc_down, bc_at }).map(([key, value]) => ({
    name: `version 2 because of ${key} alone`,
    document: signed({ ...small, [key]: value }),
  })),
  { name: "nine images", document: signed({ ...small, bc_alt: alternatives([7, 0, 3, 2, 8, 4, 5, 6]) }) },
  {
    name: "100 things",
    document: signed({ ...small, bc_for: things(100) }),
    device: { thingName: "pump:9" },
  },
  {
    name: "things are sorted by their bytes: upper case before _ before lower case",
    document: signed({ ...small, bc_for: ["a", "_", "Z", "a-b", "aB", "lab-1", "9"] }),
  },
  {
    name: "the highest numbers",
    document: signed({ ...small, bc_exp: Number.MAX_SAFE_INTEGER, bc_at: Number.MAX_SAFE_INTEGER }),
  },
  { name: "a version with everything", document: signed({ ...small, bc_version: "v1.7.0-rc.1+build.5" }) },

  { name: "the images exchanged between the legacy keys and bc_alt", document: exchanged(v2) },
  { name: "the same things in another order", document: { ...v2, bc_for: ["lab-1", "lab-2"] } },
  { name: "the keys in another order", document: Object.fromEntries(Object.entries(v2).reverse()) },
  { name: "another URL", document: { ...v1, bc_url: "https://other.example/app.bin?X-Amz-Signature=00" } },
  {
    name: "another URL of the alternative",
    document: { ...v1, bc_alt: [{ ...ALTERNATIVE, bc_url: "https://other.example/app.bin" }] },
  },
  { name: "a key that no page lists", document: { ...v2, bc_new: "anything" } },
  { name: "digests in upper case", document: upperCase(v2) },

  ...altered({
    bc_idx: 2,
    bc_size: 4095,
    bc_crc: OTHER_MD5,
    bc_sha256: OTHER_SHA256,
    bc_model: "thermostat-v3",
    bc_version: "1.7.1",
    bc_min: "1.5",
    bc_exp: 1_790_000_001,
    bc_seq: 13,
    bc_for: ["lab-1", "lab-3"],
    bc_at: 1_780_000_001,
  }),
  {
    name: "bc_for with one thing more",
    document: { ...v2, bc_for: [...V2.bc_for, "lab-3"] },
    cause: INVALID,
  },
  { name: "bc_for with one thing less", document: { ...v2, bc_for: ["lab-1"] }, cause: INVALID },
  ...(
    ["bc_version", "bc_min", "bc_exp", "bc_seq", "bc_for", "bc_down", "bc_at", "bc_alt", "bc_model"] as const
  ).map((key) => ({ name: `${key} removed`, document: without(v2, key), cause: INVALID })),
  ...(["bc_min", "bc_exp", "bc_seq", "bc_for", "bc_down", "bc_at", "bc_alt"] as const).map((key) => ({
    name: `${key} added`,
    document: { ...signed(small), [key]: V2[key] },
    cause: INVALID,
  })),
  ...Object.entries({ bc_idx: 2, bc_size: 4101, bc_crc: OTHER_MD5, bc_sha256: OTHER_SHA256 }).map(
    ([key, value]) => ({
      name: `${key} of the alternative altered`,
      document: { ...v2, bc_alt: [{ ...ALTERNATIVE, [key]: value }] },
      cause: INVALID,
    }),
  ),
  {
    name: "the slots of the two images exchanged",
    document: { ...v2, bc_idx: 0, bc_alt: [{ ...ALTERNATIVE, bc_idx: 1 }] },
    cause: INVALID,
  },
  {
    name: "the SHA-256 of the two images exchanged",
    document: {
      ...v2,
      bc_sha256: ALTERNATIVE.bc_sha256,
      bc_alt: [{ ...ALTERNATIVE, bc_sha256: V2.bc_sha256 }],
    },
    cause: INVALID,
  },
  {
    name: "an alternative added",
    document: { ...v2, bc_alt: [ALTERNATIVE, ...alternatives([2])] },
    cause: INVALID,
  },
  {
    name: "version and lowest version exchanged",
    document: { ...v2, bc_version: "1.4", bc_min: "1.7.0" },
    cause: INVALID,
  },
  ...Object.entries({
    "that of the image": V1.bc_sha256,
    nothing: "",
    "a dash": "-",
  }).map(([name, sha256]) => ({
    name: `an image without SHA-256, signed with ${name} for it`,
    document: signed(without(V1, "bc_sha256"), undefined, statementWith(sha256)),
    cause: INVALID,
  })),
  {
    name: "an image without SHA-256, signed without its blank",
    document: signed(without(V1, "bc_sha256"), undefined, statementWith("").replace(/ \n/, "\n")),
    cause: INVALID,
  },

  ...otherTexts({
    "an old signer's text, without the facts of version 2": (text) =>
      text.replace("fota order 2", "fota order 1").replace(/^(seq|downgrade|signed|for) .*\n/gm, ""),
    "the facts of version 2 under the first line of version 1": (text) =>
      text.replace("fota order 2", "fota order 1"),
    "a text without the last line feed": (text) => text.slice(0, -1),
    "a text with carriage returns": (text) => text.replaceAll("\n", "\r\n"),
    "a text with one more line feed": (text) => `${text}\n`,
    "a text with the highest slot first": (text) => text.replace(/^(image 0.*\n)(image 1.*\n)/m, "$2$1"),
    "a text with the things as the document lists them": (text) =>
      text.replace("for thing lab-1\nfor thing lab-2\n", "for thing lab-2\nfor thing lab-1\n"),
    "a text with digests in upper case": (text) => text.replace(/[0-9a-f]{32,}/g, (hex) => hex.toUpperCase()),
    "a text with padded numbers": (text) => text.replace("seq 12", "seq 012"),
  }),
  {
    name: "signed: the first line of version 2 without a fact of it",
    document: signed(V1, undefined, signedStatement(V1).replace("fota order 1", "fota order 2")),
    cause: INVALID,
  },
];

function altered(changes: Record<string, unknown>): Draft[] {
  return Object.entries(changes).map(([key, value]) => ({
    name: `${key} altered`,
    document: { ...v2, [key]: value },
    cause: INVALID,
  }));
}

/** Cases that are signed over a text that is not quite the statement of `V2`. */
function otherTexts(edits: Record<string, (text: string) => string>): Draft[] {
  const statement = signedStatement(V2);
  return Object.entries(edits).map(([name, edit]) => {
    const text = edit(statement);
    if (text === statement) throw new Error(`${name} changes nothing`);
    return { name: `signed: ${name}`, document: signed(V2, undefined, text), cause: INVALID };
  });
}

/** The statement of `V1` with another text for the SHA-256 of its first image. */
function statementWith(sha256: string): string {
  return signedStatement(V1).replace(V1.bc_sha256, sha256);
}

function exchanged(document: typeof v2): object {
  const { bc_idx, bc_crc, bc_size, bc_url, bc_sha256 } = document;
  return { ...document, ...ALTERNATIVE, bc_alt: [{ bc_idx, bc_crc, bc_size, bc_url, bc_sha256 }] };
}

function upperCase(document: typeof v2): object {
  const { bc_crc, bc_sha256 } = document;
  return { ...document, bc_crc: bc_crc.toUpperCase(), bc_sha256: bc_sha256.toUpperCase() };
}

function alternatives(slots: number[]) {
  return slots.map((bc_idx) => ({ ...ALTERNATIVE, bc_idx }));
}

function things(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `pump:${index}`);
}
