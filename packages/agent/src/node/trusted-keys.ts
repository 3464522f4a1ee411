import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { FotaError } from "@fota/shared";
import type { Device } from "../core/ports.js";

const KEY_BYTES = 32;

/**
 * Returns the `verifySignature` of a device that trusts `keys`: Ed25519 public keys by key id, as PEM or as 32 bytes in
 * base64.
 * @throws {FotaError} CONFIG_INVALID if one is not an Ed25519 public key
 */
export function signatureVerifier(
  keys: Readonly<Record<string, string>>,
): NonNullable<Device["verifySignature"]> {
  const trusted = new Map(Object.entries(keys).map(([id, text]) => [id, parseKey(id, text)]));
  return async (keyId, statement, signature) => {
    const key = trusted.get(keyId);
    if (key === undefined) return false;
    return verify(null, Buffer.from(statement, "utf8"), key, Buffer.from(signature, "base64"));
  };
}

function parseKey(id: string, text: string): KeyObject {
  try {
    const key = text.includes("-----BEGIN") ? createPublicKey(text) : parseRawKey(text);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // The error below covers it.
  }
  throw new FotaError(
    "CONFIG_INVALID",
    `the trusted key ${JSON.stringify(id)} is not an Ed25519 public key`,
    {
      hint: "set it to PEM text, or to the 32 bytes of the key in base64",
    },
  );
}

function parseRawKey(text: string): KeyObject {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== KEY_BYTES) throw new RangeError(`${bytes.length} bytes`);
  const x = bytes.toString("base64url");
  return createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
}
