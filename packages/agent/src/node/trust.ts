import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { FotaError, type PublicKeys, publicKeyFault, type VerifyEd25519 } from "@fota/shared";
import type { StateStore } from "../core/ports.js";
import { createTrust } from "../core/trust-keeper.js";
import type { Trust, TrustOptions } from "../core/trust-ports.js";

const KEY_BYTES = 32;

/**
 * Returns the `trust` of a device: `options`, whose keys may be PEM as well, with the keys in base64, Node's Ed25519, and `store` for what the device
 * must not forget.
 * @throws {FotaError} CONFIG_INVALID for a key that is no Ed25519 public key or cannot be trusted, and for a threshold
 * that the keys cannot reach
 */
export function nodeTrust(options: TrustOptions, store: StateStore): Trust {
  const { keys, rootKeys } = options;
  return createTrust({
    ...options,
    keys: inBase64(keys),
    ...(rootKeys !== undefined && { rootKeys: inBase64(rootKeys) }),
    verify: nodeVerifier(),
    store,
  });
}

/** Returns Node's Ed25519 verification, which parses each key once. */
function nodeVerifier(): VerifyEd25519 {
  const known = new Map<string, KeyObject>();
  return (publicKey, message, signature) => {
    const key = known.get(publicKey) ?? rawKey(Buffer.from(publicKey, "base64"));
    known.set(publicKey, key);
    return verify(null, Buffer.from(message, "utf8"), key, Buffer.from(signature, "base64"));
  };
}

function inBase64(keys: PublicKeys): PublicKeys {
  return Object.fromEntries(Object.entries(keys).map(([id, text]) => [id, keyInBase64(id, text)]));
}

function keyInBase64(id: string, text: string): string {
  let fault = "it is not an Ed25519 public key";
  try {
    const key = text.includes("-----BEGIN") ? createPublicKey(text) : rawKey(Buffer.from(text, "base64"));
    if (key.asymmetricKeyType === "ed25519") {
      const { x = "" } = key.export({ format: "jwk" });
      const base64 = Buffer.from(x, "base64url").toString("base64");
      const weakness = publicKeyFault(base64);
      if (weakness === undefined) return base64;
      fault = weakness;
    }
  } catch {
    // The error below covers it.
  }
  throw new FotaError("CONFIG_INVALID", `the trusted key ${JSON.stringify(id)} cannot be used: ${fault}`, {
    hint: "set it to PEM text, or to the 32 bytes of the key in base64",
  });
}

function rawKey(bytes: Buffer): KeyObject {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`${bytes.length} bytes`);
  return createPublicKey({
    format: "jwk",
    key: { kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") },
  });
}
