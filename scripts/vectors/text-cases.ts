import { type JobDocument, signedStatement } from "../../packages/shared/src/index.js";
import { type Draft, signed, V1, V2 } from "./vector.js";

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
  { name: "a number that is not whole", document: edited(size, '"bc_size":4096.5,'), cause: DATA },
  { name: "a number in a string", document: edited(size, '"bc_size":"4096",'), cause: DATA },
  { name: "a negative slot", document: edited('"bc_idx":1', '"bc_idx":-1'), cause: DATA },
  { name: "a number of 2^53", document: edited('"bc_seq":12', '"bc_seq":9007199254740992'), cause: DATA },
  { name: "a number of 2^53 + 1", document: edited('"bc_seq":12', '"bc_seq":9007199254740993'), cause: DATA },
  {
    name: "a number of 2^64 + 12",
    document: edited('"bc_seq":12', '"bc_seq":18446744073709551628'),
    cause: DATA,
  },
  { name: "a sequence number of 0", document: edited('"bc_seq":12', '"bc_seq":0'), cause: DATA },
  { name: "bc_down that is false", document: edited('"bc_down":true', '"bc_down":false'), cause: DATA },
  { name: "two images for one slot", document: edited('"bc_idx":0', '"bc_idx":1'), cause: DATA },
  { name: "a thing twice in bc_for", document: edited("lab-2", "lab-1"), cause: DATA },
  { name: "a thing whose name holds a line feed", document: edited("lab-2", "lab-2\\nseq 99"), cause: DATA },
  { name: "a version that holds a line feed", document: edited("1.7.0", "1.7.0\\nmin 0"), cause: DATA },
  { name: "a version that is a word", document: edited("1.7.0", "newest"), cause: DATA },
  { name: "a version of 65 characters", document: edited("1.7.0", "1".repeat(65)), cause: DATA },
  { name: "a digest that is too short", document: edited("9e107d", "e107d"), cause: DATA },
  { name: "a digest with another letter", document: edited("9e107d", "ge107d"), cause: DATA },
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

/** Signs what a signer would sign that does not check the model: its UTF-8. */
function signedAnyway(document: JobDocument): JobDocument {
  const statement = signedStatement({ ...document, bc_model: "MODEL" });
  return signed(
    document,
    undefined,
    statement.replace("MODEL", () => document.bc_model ?? ""),
  );
}
