import { type JobDocument, signedStatement } from "../../packages/shared/src/index.js";
import { ALTERNATIVE, type Draft, signed, V1, V2, without } from "./vector.js";

const INVALID = "signature-invalid";
const DATA = "bad fota data";
const text = JSON.stringify(signed(V2));
const size = '"bc_size":4096,';

const TWICE = "a device may refuse every document that has a key twice";
const NUMBER = "a device may refuse every number that is not written as decimal digits alone";
const ESCAPE = "a device may refuse every escape sequence in a value";

/** What depends on how a device reads JSON, and the characters that a model may have. */
export const textCases: Draft[] = [
  {
    name: "a key twice, first the forged value, then the signed one",
    document: edited(size, `"bc_size":1,${size}`),
    mayRefuse: TWICE,
  },
  {
    name: "a key twice, first the signed value, then the forged one",
    document: edited(size, `${size}"bc_size":1,`),
    cause: INVALID,
  },
  {
    name: "a key twice, the forged value last in the text",
    document: edited(/\}$/, ',"bc_version":"9.0.0"}'),
    cause: INVALID,
  },
  {
    name: "bc_sig twice, the one of an unknown key first",
    document: edited('"bc_sig":', '"bc_sig":[{"key":"eve","sig":"AA=="}],"bc_sig":'),
    mayRefuse: TWICE,
  },
  { name: "blanks and line feeds between the values", document: JSON.stringify(JSON.parse(text), null, 2) },
  { name: "a number with an exponent", document: edited(size, '"bc_size":4.096e3,'), mayRefuse: NUMBER },
  {
    name: "a number with a fraction of zero",
    document: edited(size, '"bc_size":4096.0,'),
    mayRefuse: NUMBER,
  },
  { name: "an escape sequence in a value", document: edited("1.7.0", "1.7\\u002e0"), mayRefuse: ESCAPE },
  ...Object.entries({
    "a number that is not whole": { bc_size: 4096.5 },
    "a number in a string": { bc_size: "4096" },
    "a size of 0": { bc_size: 0 },
    "a negative slot": { bc_idx: -1 },
    "a number of 2^53": { bc_seq: 2 ** 53 },
    "an expiry of 2^53": { bc_exp: 2 ** 53 },
    "a sequence number of 0": { bc_seq: 0 },
    "bc_down that is false": { bc_down: false },
    "bc_down that is 1": { bc_down: 1 },
    "two images for one slot": { bc_alt: [{ ...ALTERNATIVE, bc_idx: V2.bc_idx }] },
    "ten images": { bc_alt: Array.from({ length: 9 }, (_, slot) => ({ ...ALTERNATIVE, bc_idx: slot + 2 })) },
    "a thing twice in bc_for": { bc_for: ["lab-1", "lab-1"] },
    "101 things": { bc_for: ["lab-1", ...Array.from({ length: 100 }, (_, index) => `pump-${index}`)] },
    "a thing whose name holds a line feed": { bc_for: ["lab-1", "lab-2\nseq 99"] },
    "a thing whose name holds a blank": { bc_for: ["lab-1", "lab 2"] },
    "a thing without a name": { bc_for: ["lab-1", ""] },
    "a thing with a name of 129 characters": { bc_for: ["lab-1", "m".repeat(129)] },
    "a version that holds a line feed": { bc_version: "1.7.0\nmin 0" },
    "a version of 65 characters": { bc_version: "1".repeat(65) },
    "a digest that is too short": { bc_crc: V2.bc_crc.slice(1) },
    "a digest that is too long": { bc_sha256: `${V2.bc_sha256}0` },
    "a digest with another letter": { bc_crc: V2.bc_crc.replace("e", "g") },
  }).map(([name, change]) => ({ name, document: signed({ ...V2, ...change } as JobDocument), cause: DATA })),
  {
    name: "an alternative without SHA-256",
    document: signed(
      { ...V2, bc_alt: [without(ALTERNATIVE, "bc_sha256")] } as JobDocument,
      undefined,
      signedStatement(V2),
    ),
    cause: DATA,
  },
  {
    name: "a thing twice in bc_for, once in the signed text",
    document: signed(
      { ...V2, bc_for: ["lab-1", "lab-1"] },
      undefined,
      signedStatement({ ...V2, bc_for: ["lab-1"] }),
    ),
    cause: DATA,
  },
  ...[V2, ALTERNATIVE].map((image, index) => ({
    name: `two images for one slot, in the signed text only the ${["first", "second"][index]}`,
    document: signed(
      { ...V2, bc_alt: [{ ...ALTERNATIVE, bc_idx: V2.bc_idx }] },
      undefined,
      signedStatement({ ...V2, ...image, bc_idx: V2.bc_idx, bc_alt: undefined }),
    ),
    cause: DATA,
  })),
  ...(
    [
      "bc_sha256",
      "bc_model",
      "bc_version",
      "bc_min",
      "bc_exp",
      "bc_alt",
      "bc_seq",
      "bc_for",
      "bc_down",
      "bc_at",
    ] as const
  ).map((key) => ({
    name: `${key} that is null`,
    document: { ...signed(key === "bc_sha256" ? V2 : (without(V2, key) as JobDocument)), [key]: null },
    cause: DATA,
  })),
  ...["newest", "", "v", ".1", "1.", "1..2", "1.7-", "1.7+", "1.7+a+b", "1.7-a_b", "1.7 ", "V1", "-1"].map(
    (bc_version) => ({
      name: `version ${JSON.stringify(bc_version)}`,
      document: signed({ ...V2, bc_version }),
      cause: DATA,
    }),
  ),
  ...["9007199254740993", "18446744073709551628", "1e400"].map((number) => ({
    name: `a number of ${number}`,
    document: withSeq(number),
    cause: DATA,
  })),
  { name: "a key __proto__", document: edited(/\}$/, ',"__proto__":{"bc_seq":99}}') },

  ...["x", "a b  c", "!#$%&()*+,-./:;<=>?@[]^_`{|}~", 'quote " and \\', "m".repeat(128)].map((model) => ({
    name: `model ${JSON.stringify(model)}`,
    document: signed({ ...V1, bc_model: model }),
    device: { model },
  })),
  ...Object.entries({
    "a letter outside of ASCII": "thermostat-ü",
    "a letter and a combining accent": "thermostat-u\u0308",
    "a pair of surrogates": "thermostat-😀",
    "a lone high surrogate": "thermostat-\ud800",
    "a lone low surrogate": "thermostat-\udc00",
    "the replacement character": "thermostat-\ufffd",
    "a right-to-left override": "thermostat-\u202e2v",
    "a line separator": "thermostat\u2028v2",
    "a no-break space": "thermostat\u00a0v2",
    "a blank at the end": "thermostat-v2 ",
    "a blank at the start": " thermostat-v2",
    "a blank alone": " ",
  }).map(([name, model]) => ({
    name: `a model with ${name}`,
    document: signedAnyway({ ...V1, bc_model: model }),
    device: { model },
    cause: INVALID,
  })),
  ...Object.entries({
    "a line feed": "thermostat-v2\nversion 9",
    "a tab": "thermostat\tv2",
    "a delete character": "thermostat-v2\x7f",
    "a null character": "thermostat-v2\0",
    "129 characters": "m".repeat(129),
    "no character": "",
  }).map(([name, model]) => ({
    name: `a model with ${name}`,
    document: signedAnyway({ ...V1, bc_model: model }),
    device: { model },
    cause: DATA,
  })),
];

function edited(from: string | RegExp, to: string): string {
  const result = text.replace(from, () => to);
  if (result === text) throw new Error(`${from} is not in the document`);
  return result;
}

/** A document with a sequence number that JavaScript cannot hold, signed as it is written. */
function withSeq(digits: string): string {
  const document = signed(V2, undefined, signedStatement(V2).replace("seq 12", `seq ${digits}`));
  return JSON.stringify(document).replace('"bc_seq":12', `"bc_seq":${digits}`);
}

/** Signs what a signer would sign that does not check the model: its UTF-8. */
function signedAnyway(document: JobDocument): JobDocument {
  const statement = signedStatement({ ...document, bc_model: "MODEL" });
  return signed(
    document,
    undefined,
    statement.replace("MODEL", () => document.bc_model ?? ""),
  );
}
