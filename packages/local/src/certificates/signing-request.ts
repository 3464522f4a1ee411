import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { type DerValue, readDer } from "./der.js";

/** A certificate signing request (RFC 2986) with a valid signature. */
export interface SigningRequest {
  publicKey: KeyObject;
  /** A Name in DER; `undefined` if it is empty. */
  subject: Buffer | undefined;
}

/** Digest of each signature algorithm, by object id in hex. Source: RFC 4055 and RFC 5758. */
const DIGESTS: Readonly<Record<string, string>> = {
  "2a864886f70d01010b": "sha256", // sha256WithRSAEncryption
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a8648ce3d040302": "sha256", // ecdsa-with-SHA256
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

const RSA_MIN_BITS = 2048;
const CURVES = ["prime256v1", "secp384r1", "secp521r1"];

/**
 * Reads and verifies a request.
 *
 * @throws {Error} if it is not a request, has a key that AWS IoT does not accept, or an invalid signature
 */
export function readSigningRequest(pem: string): SigningRequest {
  const base64 = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\sA-Za-z0-9+/=]+)-----END/.exec(pem)?.[1];
  if (base64 === undefined) throw new Error("it is not a certificate request in PEM");
  const [info, algorithm, signature] = readParts(Buffer.from(base64, "base64"));
  const [, subject, key] = info === undefined ? [] : readParts(info.whole);
  const [algorithmId] = algorithm === undefined ? [] : readParts(algorithm.whole);
  if (!info || !subject || !key || !algorithmId || !signature) throw new Error("it is not complete");
  const digest = DIGESTS[algorithmId.content.toString("hex")];
  if (digest === undefined) throw new Error("its signature algorithm is not supported");
  const publicKey = createPublicKey({ key: key.whole, format: "der", type: "spki" });
  checkKey(publicKey);
  // Skips the first byte of the bit string, the number of unused bits, which is 0.
  if (!verify(digest, info.whole, publicKey, signature.content.subarray(1))) {
    throw new Error("its signature is not valid");
  }
  return { publicKey, subject: subject.content.length === 0 ? undefined : subject.whole };
}

function readParts(bytes: Buffer): DerValue[] {
  const [outer] = readDer(bytes);
  return outer === undefined ? [] : readDer(outer.content);
}

/**
 * Accepts RSA of 2048 bits or more, or a NIST curve. Throws an error otherwise. Source: AWS IoT Developer Guide, "Create a client certificate".
 */
export function checkKey({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): void {
  const { modulusLength = 0, namedCurve = "" } = asymmetricKeyDetails;
  if (asymmetricKeyType === "rsa" && modulusLength >= RSA_MIN_BITS) return;
  if (asymmetricKeyType === "ec" && CURVES.includes(namedCurve)) return;
  throw new Error("its key must be RSA of 2048 bits or more, or on P-256, P-384 or P-521");
}
