import { createPrivateKey, type KeyObject } from "node:crypto";
import { FotaError, shellWord } from "@fota/shared";

const MAGIC = "openssh-key-v1\0";
/** Precedes the 32 bytes of an Ed25519 private key in DER. Source: RFC 8410. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SEED_BYTES = 32;

/** Tells whether a text is a private key as `ssh-keygen` writes it. */
export function isOpenSshKey(text: string): boolean {
  return text.includes("-----BEGIN OPENSSH PRIVATE KEY-----");
}

/**
 * Returns the Ed25519 key of a file of OpenSSH. Source of the format: PROTOCOL.key of OpenSSH.
 * @throws {FotaError} KEY_INVALID for another type, for an encrypted key, and for a damaged file
 */
export function parseOpenSshKey(text: string, path: string): KeyObject {
  try {
    return parse(text, path);
  } catch (error) {
    if (error instanceof RangeError) throw invalid(`the key in ${path} is damaged`, undefined, error);
    throw error;
  }
}

function parse(text: string, path: string): KeyObject {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----(.*?)-----END/s.exec(text)?.[1] ?? "";
  const bytes = Buffer.from(base64, "base64");
  if (bytes.subarray(0, MAGIC.length).toString("latin1") !== MAGIC)
    throw invalid(`the key in ${path} is damaged`);
  const outer = reader(bytes, MAGIC.length);
  const cipher = outer.text();
  outer.skip(); // the name of the key derivation
  outer.skip(); // its options
  outer.number(); // of keys: OpenSSH writes one
  const type = reader(outer.bytes(), 0).text();
  if (type !== "ssh-ed25519") throw invalid(`the key in ${path} is ${type}; fota signs with Ed25519`);
  if (cipher !== "none") {
    throw invalid(
      `the key in ${path} is encrypted in OpenSSH's own format, which fota does not decrypt`,
      `make a copy without a passphrase: cp ${shellWord(path)} copy.key && ssh-keygen -p -N "" -f copy.key; or make a signing key with \`fota keygen\``,
    );
  }
  const inner = reader(outer.bytes(), 0);
  const checks = [inner.number(), inner.number()];
  inner.skip(); // the type
  inner.skip(); // the public key, which the private one determines
  const seed = inner.bytes().subarray(0, SEED_BYTES);
  if (checks[0] !== checks[1] || seed.length !== SEED_BYTES) throw invalid(`the key in ${path} is damaged`);
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

/** Reads fields of SSH's binary format in order. Its methods throw a RangeError at the end of the bytes. */
function reader(bytes: Buffer, start: number) {
  let at = start;
  const number = () => {
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const field = () => {
    const length = number();
    if (at + length > bytes.length) throw new RangeError("the field ends after the bytes");
    at += length;
    return bytes.subarray(at - length, at);
  };
  return { number, bytes: field, skip: () => void field(), text: () => field().toString("latin1") };
}

function invalid(
  message: string,
  hint = "make a signing key with `fota keygen`",
  cause?: unknown,
): FotaError {
  return new FotaError("KEY_INVALID", message, { hint, cause });
}
