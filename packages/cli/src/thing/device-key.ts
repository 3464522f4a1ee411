import { createPublicKey, type KeyObject } from "node:crypto";

const RSA_MIN_BITS = 2048;
const CURVES = ["prime256v1", "secp384r1", "secp521r1"];

/** Returns whether a private key can sign the request that fota makes: one with ECDSA, on a curve that AWS IoT accepts. */
export function canRequest(key: KeyObject): boolean {
  return key.asymmetricKeyType === "ec" && CURVES.includes(key.asymmetricKeyDetails?.namedCurve ?? "");
}

/**
 * Returns the public key of a certificate request in PEM (RFC 2986). Its signature is left to AWS IoT.
 * @throws {Error} if it is not a request, or has a key that AWS IoT does not accept (Developer Guide, "Create a client
 * certificate")
 */
export function readRequestKey(pem: string): KeyObject {
  const base64 = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\sA-Za-z0-9+/=]+)-----END/.exec(pem)?.[1];
  if (base64 === undefined) throw new Error("it is not a certificate request in PEM");
  const [info] = partsOf(Buffer.from(base64, "base64"));
  const [, , publicKey] = info === undefined ? [] : partsOf(info);
  if (publicKey === undefined) throw new Error("it is damaged");
  const key = createPublicKey({ key: publicKey, format: "der", type: "spki" });
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (canRequest(key) || (key.asymmetricKeyType === "rsa" && modulusLength >= RSA_MIN_BITS)) return key;
  throw new Error("its key must be RSA of 2048 bits or more, or on P-256, P-384 or P-521");
}

/** Returns the elements of a sequence in DER (ITU-T X.690), each with its tag and length. */
function partsOf(sequence: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  const [start, end] = contentOf(sequence);
  for (let at = start; at < end; ) {
    const [, next] = contentOf(sequence.subarray(at, end));
    parts.push(sequence.subarray(at, at + next));
    at += next;
  }
  return parts;
}

/** Returns where the content of the first element begins and ends. @throws {Error} if it is cut off */
function contentOf(bytes: Buffer): [start: number, end: number] {
  const first = bytes[1] ?? 0;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = 2 + lengthBytes;
  if (lengthBytes > 4 || bytes.length < start) throw new Error("it is damaged");
  const end = start + (lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes));
  if (end > bytes.length) throw new Error("it is damaged");
  return [start, end];
}
