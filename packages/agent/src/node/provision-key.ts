import { createPrivateKey, createPublicKey, generateKeyPair, sign, X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import { certificateRequest } from "@fota/shared";

/** Makes a P-256 private key in PEM. It exists only on this device. */
export async function makeKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Tells whether the text is a private key on P-256 in PEM. */
export function isKey(text: string): boolean {
  try {
    return createPrivateKey(text).asymmetricKeyDetails?.namedCurve === "prime256v1";
  } catch {
    return false;
  }
}

/** Tells whether the text is a certificate for the private key. */
export function isCertificateOf(certificatePem: string, key: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** Returns a certificate request in PEM for the private key. */
export function requestFor(key: string): string {
  const privateKey = createPrivateKey(key);
  return certificateRequest(createPublicKey(privateKey).export({ type: "spki", format: "der" }), {
    sign: (bytes) => sign("sha256", bytes, privateKey),
    base64: (bytes) => Buffer.from(bytes).toString("base64"),
  });
}
