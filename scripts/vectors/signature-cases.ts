import {
  type DocumentSignature,
  type JobDocument,
  signedStatement,
} from "../../packages/shared/src/index.js";
import { keysOf, nodeVerify, testKey } from "../../packages/shared/test/signing.js";
import { ann, bob, type Draft, eve, signed, V1, V2 } from "./vector.js";

const INVALID = "signature-invalid";
const DATA = "bad fota data";
/** A device must not start with such a key set. */
const KEY = "key-refused";

/** Order of the base point (RFC 8032, 5.1). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;
const ORDER_8_Y = 55188659117513257062467267217118295137698188065244968500265048394206261417927n;
/** The y coordinates of the points of small order. */
const SMALL_ORDER_Y = [0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y];

const [own] = signed(V2).bc_sig as [DocumentSignature];
const both = keysOf(ann, bob);

/** Who signed a document, and how signatures and keys are written. */
export const signatureCases: Draft[] = [
  { name: "no signature", document: V2, cause: INVALID },
  { name: "an empty key id", document: withSignatures(own, { ...own, key: "" }), cause: DATA },
  { name: "an empty list of signatures", document: { ...V2, bc_sig: [] }, cause: DATA },
  { name: "nine signatures", document: { ...V2, bc_sig: Array(9).fill(own) }, cause: DATA },
  { name: "a key that the device does not trust", document: signed(V2, [eve]), cause: INVALID },
  { name: "an untrusted key under a trusted id", document: signed(V2, [testKey(3, "ann")]), cause: INVALID },
  { name: "a trusted key under an unknown id", document: signed(V2, [testKey(1, "carl")]), cause: INVALID },
  {
    name: "a trusted key under an inherited name",
    document: signed(V2, [testKey(1, "toString")]),
    cause: INVALID,
  },
  { name: "an id in other case", document: signed(V2, [testKey(1, "Ann")]), cause: INVALID },
  { name: "an unknown key beside a trusted one", document: signed(V2, [eve, ann]) },
  { name: "a false signature beside a true one, of one key", document: withSignatures(forgedOwn(), own) },
  {
    name: "the signature of another document",
    document: { ...V2, bc_sig: signed(V1).bc_sig },
    cause: INVALID,
  },
  { name: "a device without keys", document: signed(V2), trust: { keys: {} }, cause: INVALID },

  { name: "threshold 2 met", document: signed(V2, [ann, bob]), trust: { keys: both, threshold: 2 } },
  {
    name: "threshold 2 met, an unknown key beside",
    document: signed(V2, [eve, bob, ann]),
    trust: { keys: both, threshold: 2 },
  },
  {
    name: "threshold 2 missed",
    document: signed(V2, [ann]),
    trust: { keys: both, threshold: 2 },
    cause: INVALID,
  },
  {
    name: "threshold 2, one key twice",
    document: signed(V2, [ann, ann]),
    trust: { keys: both, threshold: 2 },
    cause: INVALID,
  },
  {
    name: "threshold 2, one key under two ids that the document gives it",
    document: signed(V2, [ann, testKey(1, "bob")]),
    trust: { keys: both, threshold: 2 },
    cause: INVALID,
  },
  {
    name: "threshold 2, one key under two ids that the device gives it",
    document: signed(V2, [ann, testKey(1, "anna")]),
    trust: { keys: keysOf(ann, testKey(1, "anna"), bob), threshold: 2 },
    cause: KEY,
  },
  {
    name: "threshold 2, one signature is false",
    document: withSignatures(own, forgedOwn("bob")),
    trust: { keys: both, threshold: 2 },
    cause: INVALID,
  },
  { name: "a threshold above the count of keys", document: signed(V2), trust: { threshold: 2 }, cause: KEY },
  { name: "a threshold of 0", document: signed(V2, [eve]), trust: { threshold: 0 }, cause: KEY },
  {
    name: "a key id with a blank",
    document: signed(V2),
    trust: { keys: keysOf(testKey(1, "a b")) },
    cause: KEY,
  },

  ...Object.entries({
    "unused bits that are set": own.sig.replace(/.==$/, nextCharacter),
    "no padding": own.sig.replace(/=/g, ""),
    "half of the padding": own.sig.replace(/==$/, "="),
    "the URL alphabet": own.sig.replaceAll("+", "-").replaceAll("/", "_"),
    "a line feed at the end": `${own.sig}\n`,
    "a blank inside": `${own.sig.slice(0, 40)} ${own.sig.slice(40)}`,
    "63 bytes": Buffer.from(own.sig, "base64").subarray(0, 63).toString("base64"),
    "65 bytes": Buffer.concat([Buffer.from(own.sig, "base64"), Buffer.alloc(1)]).toString("base64"),
    hexadecimal: Buffer.from(own.sig, "base64").toString("hex"),
  }).map(([name, sig]) => ({
    name: `a signature with ${name}`,
    document: withSignatures({ ...own, sig }),
    cause: DATA,
  })),
  {
    name: "a signature that is badly written, beside a true one",
    document: withSignatures(own, { ...own, sig: own.sig.replace(/=/g, "") }),
    cause: DATA,
  },

  ...Object.entries({
    "S plus the order of the base point": ownWith((r, s) => [r, encode(decode(s) + L)]),
    "S negated": ownWith((r, s) => [r, encode(L - decode(s))]),
    "S that is the order of the base point, R the identity": ownWith(() => [encode(1n), encode(L)]),
    "S of 0": ownWith((r) => [r, encode(0n)]),
    "R of 0": ownWith((_, s) => [encode(0n), s]),
    "the sign of R changed": ownWith((r, s) => [flipSign(r), s]),
    "R and S exchanged": ownWith((r, s) => [s, r]),
    "the identity as R, S of 0": ownWith(() => [encode(1n), encode(0n)]),
    "the identity as R, not in its canonical form, S of 0": ownWith(() => [encode(P + 1n), encode(0n)]),
    "64 bytes of 0": Buffer.alloc(64).toString("base64"),
    "64 bytes of 255": Buffer.alloc(64, 255).toString("base64"),
  }).map(([name, sig]) => ({
    name: `a signature with ${name}`,
    document: withSignatures({ ...own, sig }),
    cause: INVALID,
  })),

  ...smallOrderKeys().map(([name, key]) => ({
    name: `a trusted key of small order: ${name}, with a signature that anyone can make`,
    document: forgedWith(key),
    trust: { keys: { weak: key } },
    cause: KEY,
  })),
  ...([2n, 3n, 9n, 18n] as const).flatMap((above) =>
    [0, 1].map((sign) => ({
      name: `a trusted key with the coordinate 2^255 - 19 + ${above}, sign ${sign}`,
      document: signed(V2),
      trust: { keys: { ...keysOf(ann), weak: toBase64(encode(P + above, sign)) } },
      cause: KEY,
    })),
  ),
  {
    name: "a root key of small order",
    document: signed(V2),
    trust: { rootKeys: { weak: toBase64(encode(1n)) } },
    cause: KEY,
  },
  {
    name: "a trusted key that is not on the curve",
    document: withSignatures({ ...own, key: "none" }),
    trust: { keys: { none: toBase64(encode(2n)) } },
    cause: INVALID,
  },
  ...Object.entries({
    "unused bits that are set": ann.publicKey.replace(/.=$/, nextCharacter),
    "no padding": ann.publicKey.replace("=", ""),
    "the URL alphabet": toBase64(Buffer.alloc(32, 0xfb)).replaceAll("+", "-").replaceAll("/", "_"),
    "31 bytes": toBase64(Buffer.alloc(31, 7)),
    "33 bytes": toBase64(Buffer.alloc(33, 7)),
  }).map(([name, key]) => ({
    name: `a trusted key with ${name}`,
    document: signed(V2),
    trust: { keys: { ann: key } },
    cause: KEY,
  })),
];

function withSignatures(...bc_sig: DocumentSignature[]): JobDocument {
  return { ...V2, bc_sig };
}

/** A signature of the right form that is false. */
function forgedOwn(key = "ann"): DocumentSignature {
  return { key, sig: ownWith((r, s) => [s, r]) };
}

function ownWith(change: (r: Buffer, s: Buffer) => [Buffer, Buffer]): string {
  const bytes = Buffer.from(own.sig, "base64");
  return Buffer.concat(change(bytes.subarray(0, 32), bytes.subarray(32))).toString("base64");
}

/** Every encoding of a point of small order, by a name. */
function smallOrderKeys(): [name: string, key: string][] {
  const encodings = SMALL_ORDER_Y.flatMap((y) => (y < 2n ? [y, y + P] : [y]));
  return encodings.flatMap((y) =>
    [0, 1].map((sign): [string, string] => {
      const bytes = encode(y, sign);
      return [bytes.toString("hex"), toBase64(bytes)];
    }),
  );
}

/** Returns a document with a signature that verifies with a key of small order, made without any private key. */
function forgedWith(key: string): JobDocument {
  for (let bc_at = V2.bc_at; bc_at < V2.bc_at + 200; bc_at += 1) {
    const document = { ...V2, bc_at };
    for (const y of SMALL_ORDER_Y) {
      for (const sign of [0, 1]) {
        const sig = toBase64(Buffer.concat([encode(y, sign), encode(0n)]));
        if (nodeVerify(key, signedStatement(document), sig) === true)
          return { ...document, bc_sig: [{ key: "weak", sig }] };
      }
    }
  }
  throw new Error(`${key} is not of small order`);
}

/** Returns the last character before the padding with its lowest bit set, which no byte has. */
function nextCharacter(end: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return `${alphabet[alphabet.indexOf(end.charAt(0)) | 1]}${end.slice(1)}`;
}

/** Returns 32 bytes, the lowest first, with `sign` as the highest bit. */
function encode(value: bigint, sign = 0): Buffer {
  const bytes = Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
  bytes[31] = (bytes[31] ?? 0) | (sign << 7);
  return bytes;
}

function decode(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function flipSign(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => (index === 31 ? byte ^ 0x80 : byte)));
}

function toBase64(bytes: Buffer): string {
  return bytes.toString("base64");
}
