import type { Vector } from "./vector.js";

/** A part of a parsed document, of which nothing is known. */
type Json = Record<string, unknown>;

/** Causes that a device finds after it verified the signatures. */
const JUDGED = [
  "order-expired",
  "wrong-model",
  "wrong-thing",
  "version-too-low",
  "downgrade",
  "sequence-refused",
];

/**
 * Returns C source with the array `cases` for `c/test/check_vectors.c`, and the vectors that are not in it: they have a
 * value that the types of `c/fota_order.h` cannot hold, which the code around the JSON parser refuses.
 */
export function cCases(vectors: readonly Vector[]): { source: string; unreadable: Vector[] } {
  const unreadable: Vector[] = [];
  const [declarations, entries]: [string[], string[]] = [[], []];
  for (const [index, vector] of vectors.entries()) {
    try {
      const arrays = new Arrays(`case_${index}`);
      entries.push(caseOf(vector, arrays));
      declarations.push(...arrays.declarations);
    } catch (error) {
      if (!(error instanceof NotForC)) throw error;
      unreadable.push(vector);
    }
  }
  const table = `static const test_case cases[] = {\n${entries.join(",\n")}\n};`;
  return { source: `${[...declarations, table].join("\n")}\n`, unreadable };
}

class NotForC extends Error {}

/** Declares the arrays of one case, because C99 has no other form for arrays of any length in a constant. */
class Arrays {
  readonly declarations: string[] = [];
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Returns the name of an array and its length, as two initializers. */
  of(type: string, values: readonly string[]): string {
    if (values.length === 0) return "NULL, 0";
    const name = `${this.#prefix}_${this.declarations.length}`;
    this.declarations.push(`static const ${type} ${name}[] = {${values.join(", ")}};`);
    return `${name}, ${values.length}`;
  }
}

function caseOf({ name, document, trust, device, ...expected }: Vector, arrays: Arrays): string {
  const parsed = record(JSON.parse(document));
  const { verdict, cause = "", statement, keyStatements = [], keySetVersion } = expected;
  const isSigned = verdict === "accepted" || JUDGED.includes(cause);
  const fields = [
    text(name),
    orderOf(parsed, arrays),
    signatures(parsed["bc_sig"], arrays),
    keySet(
      { v: trust.version, t: trust.threshold, rt: trust.rootThreshold },
      Object.entries(trust.keys),
      Object.entries(trust.rootKeys ?? {}),
      arrays,
    ),
    arrays.of(
      "fota_key_link",
      list(parsed["bc_keys"]).map((link) => keyLink(record(link), arrays)),
    ),
    arrays.of("fota_text", keyStatements.map(text)),
    text(statement),
    text(device.model),
    text(device.thingName),
    Number(cause !== "key-refused"),
    Number(isSigned),
    Number(isSigned && cause !== "wrong-model" && cause !== "wrong-thing"),
    verdict === "accepted" ? (keySetVersion ?? trust.version) : 0,
  ];
  return `{${fields.join(", ")}}`;
}

function orderOf(document: Json, arrays: Arrays): string {
  if (![undefined, true].includes(document["bc_down"] as boolean | undefined)) throw new NotForC();
  const images = [document, ...list(document["bc_alt"]).map(record)].map(
    (image) =>
      `{${number(image["bc_idx"])}, ${number(image["bc_size"])}, ${text(image["bc_crc"])}, ${text(image["bc_sha256"])}}`,
  );
  const fields = [
    arrays.of("fota_image", images),
    text(document["bc_model"]),
    text(document["bc_version"]),
    text(document["bc_min"]),
    optional(document["bc_exp"]),
    optional(document["bc_seq"]),
    Number(document["bc_down"] === true),
    optional(document["bc_at"]),
    arrays.of("fota_text", list(document["bc_for"]).map(text)),
  ];
  return `{${fields.join(", ")}}`;
}

function signatures(value: unknown, arrays: Arrays): string {
  const entries = list(value).map(record);
  return arrays.of(
    "fota_signature",
    entries.map(({ key, sig }) => `{${text(key)}, ${text(sig)}}`),
  );
}

function keyLink(link: Json, arrays: Arrays): string {
  const set = keySet(link, list(link["keys"]).map(list), list(link["roots"]).map(list), arrays);
  return `{${set}, ${optional(link["seq"])}, ${signatures(link["sig"], arrays)}}`;
}

function keySet({ v, t, rt }: Json, keys: unknown[][], roots: unknown[][], arrays: Arrays): string {
  const role = (entries: unknown[][], threshold: string) => {
    const values = entries.map(([id, key]) => `{${text(id)}, ${text(key)}}`);
    return `{${arrays.of("fota_key", values)}, ${threshold}}`;
  };
  return `{${number(v)}, ${role(keys, number(t))}, ${role(roots, optional(rt))}}`;
}

/** For a key that may be missing, which is 0 in C. */
function optional(value: unknown): string {
  if (value === 0) throw new NotForC();
  return number(value === undefined ? 0 : value);
}

function number(value: unknown): string {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value >= 2 ** 64)
    throw new NotForC();
  return `UINT64_C(${BigInt(value)})`;
}

/** UTF-8, with all that is no letter or digit in octal, which ends after three digits. */
function text(value: unknown): string {
  if (value === undefined) return "{NULL, 0}";
  if (typeof value !== "string") throw new NotForC();
  const bytes = Buffer.from(value);
  const characters = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return /[0-9A-Za-z]/.test(character) ? character : `\\${byte.toString(8).padStart(3, "0")}`;
  });
  return `{"${characters.join("")}", ${bytes.length}}`;
}

/** A list that is there but empty is no list of a document. */
function list(value: unknown): unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0) throw new NotForC();
  return value;
}

function record(value: unknown): Json {
  if (typeof value !== "object" || value === null) throw new NotForC();
  return value as Json;
}
