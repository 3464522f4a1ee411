import { createHash, randomBytes } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect, test } from "vitest";
import { nodeVerify, testKey } from "../../shared/test/signing.js";
import { verifyEd25519 } from "./ed25519.js";

const { Point } = ed25519;
const L = Point.Fn.ORDER;
const P = 2n ** 255n - 19n;
/** A point of order 8 (RFC 8032, 5.1: the curve has cofactor 8). */
const TORSION = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");

const KEYS = [1, 2, 3].map((number) => testKey(number));
const TEXTS = ["", "fota order 1\n", "über 🚀 \ud800\n", "x".repeat(1_500)];

function littleEndian(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, "0"), "hex").reverse();
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function hashOf(...parts: (string | Uint8Array)[]): bigint {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return numberOf(hash.digest()) % L;
}

/** Signs with a private key `a`, an R and a public key that someone chose. */
function chosenSignature(a: bigint, r: bigint, R: Uint8Array, A: Uint8Array, text: string): string {
  return Buffer.concat([R, littleEndian((r + hashOf(R, A, text) * a) % L)]).toString("base64");
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function nodeVerdict(publicKey: string, text: string, signature: string): boolean {
  try {
    return nodeVerify(publicKey, text, signature) === true;
  } catch {
    return false;
  }
}

/** Checks that both verify alike. Returns the verdict. */
function verdictOf(publicKey: string, text: string, signature: string): boolean {
  const verdict = verifyEd25519(publicKey, text, signature) as boolean;
  expect(verdict, JSON.stringify([publicKey, text, signature])).toBe(nodeVerdict(publicKey, text, signature));
  return verdict;
}

test("what Node signs verifies, whatever the text", () => {
  for (const key of KEYS) {
    for (const text of TEXTS) expect(verdictOf(key.publicKey, text, key.sign(text).sig)).toBe(true);
  }
});

test("flipped bits of signature, key and text are refused, as by Node", () => {
  const [key, text] = [testKey(1), "fota order 1\nimage 1 5\n"];
  const [A, signature] = [key.publicKey, key.sign(text).sig].map((one) => Buffer.from(one, "base64"));
  if (A === undefined || signature === undefined) throw new Error("no key");
  const flipped = (bytes: Buffer, bit: number) =>
    bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
  for (let bit = 0; bit < 512; bit += 3) {
    expect(verdictOf(base64(A), text, base64(flipped(signature, bit)))).toBe(false);
    if (bit % 2 === 0) expect(verdictOf(base64(flipped(A, bit / 2)), text, base64(signature))).toBe(false);
    if (bit >= 8 * text.length) continue;
    const other = Buffer.from(flipped(Buffer.from(text), bit)).toString("latin1");
    expect(verdictOf(base64(A), other, base64(signature))).toBe(false);
  }
});

test("random keys and signatures are refused, as by Node", () => {
  for (let count = 0; count < 200; count += 1) {
    // A valid R and S of an unrelated signature in half of the cases, so that not only the decoding refuses them.
    const { publicKey } = KEYS[count % 3] ?? testKey(1);
    const key = count % 4 < 2 ? publicKey : base64(randomBytes(32));
    const bytes = Buffer.concat([randomBytes(32), littleEndian(numberOf(randomBytes(32)) % L)]);
    if (count % 2 === 0) bytes.set(Point.BASE.multiply(BigInt(count + 1)).toBytes());
    expect(verdictOf(key, `text ${count}`, base64(bytes))).toBe(false);
  }
});

test("an S of the order of the group or more is refused: one signature has one spelling", () => {
  for (let count = 0; count < 80; count += 1) {
    const [key, text] = [testKey(1 + (count % 9)), `text ${count}`];
    const bytes = Buffer.from(key.sign(text).sig, "base64");
    const S = numberOf(bytes.subarray(32));
    for (let more = S + L; more < 2n ** 256n; more += L) {
      const spelled = Buffer.concat([bytes.subarray(0, 32), littleEndian(more)]);
      expect(verdictOf(key.publicKey, text, base64(spelled))).toBe(false);
    }
  }
});

test("an R that is not the canonical spelling of its point is refused", () => {
  const a = 12_345n;
  const A = Point.BASE.multiply(a).toBytes();
  // y = p and p + 1 spell 0 and 1; 1 with the sign of x set spells the identity a third time.
  for (const y of [P, P + 1n, 1n + 2n ** 255n, P + 1n + 2n ** 255n]) {
    for (let count = 0; count < 20; count += 1) {
      const text = `text ${count}`;
      expect(verdictOf(base64(A), text, chosenSignature(a, 0n, littleEndian(y), A, text))).toBe(false);
    }
  }
});

test("signatures whose R has a part of small order, which only the signer can make, are refused", () => {
  const a = 12_345n;
  const A = Point.BASE.multiply(a).toBytes();
  for (let count = 0; count < 32; count += 1) {
    // From 1: with an r of 0, R is the identity, which Node.js refuses from 24 on and accepted before.
    const [r, text] = [1n + BigInt(count >> 3), `text ${count}`];
    const torsion = TORSION.multiplyUnsafe(BigInt(count & 7));
    const R = Point.BASE.multiplyUnsafe(r).add(torsion).toBytes();
    const signature = chosenSignature(a, r, R, A, text);
    // With the cofactor, which RFC 8032 permits, all of them verify.
    expect(ed25519.verify(Buffer.from(signature, "base64"), Buffer.from(text), A)).toBe(true);
    expect(verdictOf(base64(A), text, signature)).toBe((count & 7) === 0);
  }
});

test("keys of small order verify nothing", () => {
  for (let count = 0; count < 8; count += 1) {
    const key = TORSION.multiplyUnsafe(BigInt(count)).toBytes();
    for (const R of [littleEndian(1n), key]) {
      const signature = base64(Buffer.concat([R, Buffer.alloc(32)]));
      // `publicKeyFault` refuses these keys before anything verifies with them; Node would accept some signatures.
      expect(verifyEd25519(base64(key), "any text", signature)).toBe(false);
    }
  }
});

test("a key with a part of small order verifies nothing, where Node accepts some of its signatures", () => {
  const a = 12_345n;
  const A = Point.BASE.multiply(a).add(TORSION).toBytes();
  const accepted = { node: 0, here: 0 };
  for (let count = 0; count < 40; count += 1) {
    const text = `text ${count}`;
    const signature = chosenSignature(a, 7n, Point.BASE.multiply(7n).toBytes(), A, text);
    if (nodeVerdict(base64(A), text, signature)) accepted.node += 1;
    if (verifyEd25519(base64(A), text, signature) === true) accepted.here += 1;
  }
  expect(accepted.node).toBeGreaterThan(0);
  expect(accepted.here).toBe(0);
});

test("text that is not canonical base64 of the right length is no signature and no key", () => {
  const [key, text] = [testKey(1), "text"];
  const { sig } = key.sign(text);
  expect(verdictOf(key.publicKey, text, sig)).toBe(true);
  for (const wrong of [
    "",
    "=",
    sig.slice(0, -1),
    `${sig}=`,
    ` ${sig}`,
    sig.replaceAll("=", ""),
    "A".repeat(88),
  ]) {
    expect(verifyEd25519(key.publicKey, text, wrong)).toBe(false);
  }
  for (const wrong of ["", "constructor", key.publicKey.slice(1), `${key.publicKey}\n`, sig]) {
    expect(verifyEd25519(wrong, text, sig)).toBe(false);
  }
});
