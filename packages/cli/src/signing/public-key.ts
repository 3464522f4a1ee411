import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { resolve } from "node:path";
import { FotaError, messageOf, publicKeyFault, type VerifyEd25519 } from "@fota/shared";
import { readSmallFile } from "../files/small-file.js";

const KEY_BYTES = 32;
/** Precedes the 32 bytes of an Ed25519 public key in DER. Source: RFC 8410. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
/** Begins the key of an `ssh-ed25519` line: two lengths with the name between them. Source: RFC 8709. */
const SSH_PREFIX = Buffer.from("0000000b7373682d6564323535313900000020", "hex");

/**
 * Reads an Ed25519 public key and returns its 32 bytes in base64. The file has PEM, DER, the 32 bytes in base64, or a
 * line `ssh-ed25519 AAAA...`.
 * @throws {FotaError} USAGE, naming the file, also for a key that cannot be trusted
 */
export async function readPublicKey(path: string, cwd: string): Promise<string> {
  const bytes = await readSmallFile(resolve(cwd, path)).catch((cause: unknown) => {
    throw new FotaError("USAGE", `cannot read the key in ${path}: ${messageOf(cause)}`, {
      hint: "give a file with an Ed25519 public key",
      cause,
    });
  });
  const fault = (what: string) =>
    new FotaError("USAGE", what, {
      hint: "give PEM, or a file with the 32 bytes in base64, as `trust` of a device has them",
    });
  const key = parsePublicKey(bytes.toString("latin1")) ?? parseDer(bytes);
  if (key === undefined) throw fault(`${path} holds no Ed25519 public key`);
  const weakness = publicKeyFault(key);
  if (weakness !== undefined) throw fault(`devices do not trust the key in ${path}: ${weakness}`);
  return key;
}

/** Returns the 32 bytes of a public key in base64; `undefined` if the text is no Ed25519 public key. */
export function parsePublicKey(text: string): string | undefined {
  try {
    if (text.includes("-----BEGIN")) {
      const key = createPublicKey(text);
      return key.asymmetricKeyType === "ed25519" ? rawPublicKey(key) : undefined;
    }
    const [, ssh] = /^ssh-ed25519 ([A-Za-z0-9+/=]+)/.exec(text.trim()) ?? [];
    const bytes = Buffer.from(ssh ?? text.trim(), "base64");
    if (ssh === undefined) {
      const base64 = bytes.toString("base64");
      // Node skips characters that are no base64.
      return bytes.length === KEY_BYTES && base64 === text.trim() ? base64 : undefined;
    }
    const isSsh = bytes.length === SSH_PREFIX.length + KEY_BYTES;
    return isSsh && bytes.subarray(0, SSH_PREFIX.length).equals(SSH_PREFIX)
      ? bytes.subarray(SSH_PREFIX.length).toString("base64")
      : undefined;
  } catch {
    return undefined; // Node's errors name no file
  }
}

function parseDer(bytes: Buffer): string | undefined {
  const isEd25519 =
    bytes.length === SPKI_PREFIX.length + KEY_BYTES &&
    bytes.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX);
  return isEd25519 ? bytes.subarray(SPKI_PREFIX.length).toString("base64") : undefined;
}

/** Returns the 32 bytes of an Ed25519 key, of the pair if it is the private one, in base64. */
export function rawPublicKey(key: KeyObject): string {
  const { x = "" } = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  return Buffer.from(x, "base64url").toString("base64");
}

/** Returns Node's key of 32 bytes in base64. */
function publicKeyObject(base64: string): KeyObject {
  const key = Buffer.concat([SPKI_PREFIX, Buffer.from(base64, "base64")]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

/** Verifies with Node's Ed25519. */
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) =>
  verify(null, Buffer.from(message), publicKeyObject(publicKey), Buffer.from(signature, "base64"));
