import { createPublicKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { certificateRequest } from "@fota/shared";

/** Holds a new key pair and the certificate request for it, both in PEM. */
export interface KeyWithRequest {
  privateKey: string;
  signingRequest: string;
}

/** Makes a P-256 key pair, in about a hundredth of the time that an RSA key takes, and a certificate request for it. */
export async function makeKeyWithRequest(): Promise<KeyWithRequest> {
  const { privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    signingRequest: requestFor(privateKey),
  };
}

/** Returns a certificate request in PEM for a P-256 private key. */
export function requestFor(privateKey: KeyObject): string {
  return certificateRequest(createPublicKey(privateKey).export({ type: "spki", format: "der" }), {
    sign: (bytes) => sign("sha256", bytes, privateKey),
    base64: (bytes) => Buffer.from(bytes).toString("base64"),
  });
}
