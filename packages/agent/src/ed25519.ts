import { decodeBase64, PUBLIC_KEY_PATTERN, SIGNATURE_PATTERN, type VerifyEd25519 } from "@fota/shared";
import { ed25519 } from "@noble/curves/ed25519.js";

// Without a table of multiples of the base point: it would take more than 1 MiB of heap, and save a few milliseconds.
ed25519.Point.BASE.precompute(1);

/** Bytes of R, the first half of a signature (RFC 8032, 5.1.6). */
const R_BYTES = 32;

/**
 * Verifies in plain JavaScript: `verify` of `createTrust`, for a device that has no Ed25519 in hardware or in its
 * engine. Needs the package `@noble/curves`, and an engine with BigInt and typed arrays. Returns false for anything that
 * is no signature of the message. Never throws.
 *
 * RFC 8032 (5.1.7) permits a check with the cofactor and one without. They differ only for a signature or a key with a
 * part of small order, and only someone who has the private key can make those. This function refuses both. OpenSSL,
 * and so Node.js, checks without the cofactor: it refuses such signatures, too, but not each signature by such a key.
 */
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  if (!PUBLIC_KEY_PATTERN.test(publicKey) || !SIGNATURE_PATTERN.test(signature)) return false;
  const key = Uint8Array.from(decodeBase64(publicKey));
  const bytes = Uint8Array.from(decodeBase64(signature));
  try {
    if (!ed25519.verify(bytes, encodeUtf8(message), key, { zip215: false })) return false;
    return [key, bytes.subarray(0, R_BYTES)].every((point) => ed25519.Point.fromBytes(point).isTorsionFree());
  } catch {
    return false; // noble throws for a key or an R that is not on the curve
  }
};

/** Encodes without `TextEncoder`, which not every engine has. A lone surrogate becomes U+FFFD, as there. */
function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    const tail = (shift: number) => 0x80 | ((code >> shift) & 0x3f);
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(0));
    else if (code < 0x1_0000) bytes.push(0xe0 | (code >> 12), tail(6), tail(0));
    else bytes.push(0xf0 | (code >> 18), tail(12), tail(6), tail(0));
  }
  return Uint8Array.from(bytes);
}
