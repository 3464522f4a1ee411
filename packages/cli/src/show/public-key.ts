import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { resolve } from "node:path";
import { FotaError, isFotaError, type JobDocument, messageOf, signedStatement } from "@fota/shared";
import { readTextFile } from "../files/text-file.js";

/** Precedes the 32 bytes of an Ed25519 public key in DER. Source: RFC 8410. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Reads an Ed25519 public key in the forms that devices accept: PEM, or 32 bytes in base64. @throws {FotaError} USAGE
 */
export async function readPublicKey(path: string, cwd: string): Promise<KeyObject> {
  const text = await readTextFile(resolve(cwd, path), "USAGE", path).catch((cause: unknown) => {
    if (isFotaError(cause)) throw cause;
    throw new FotaError("USAGE", `cannot read the key in ${path}: ${messageOf(cause)}`, {
      hint: "--key names a file with an Ed25519 public key",
      cause,
    });
  });
  try {
    const key = text.includes("-----BEGIN") ? createPublicKey(text) : fromBytes(text.trim());
    if (key?.asymmetricKeyType === "ed25519") return key;
  } catch {
    // reported like any other invalid key
  }
  throw new FotaError("USAGE", `${path} holds no Ed25519 public key`, {
    hint: "--key takes PEM, or a file with the 32 bytes in base64, as `trustedKeys` of a device has them",
  });
}

/** Returns for each signature of a job document, in order, whether the key made it. */
export function signedBy(document: JobDocument, key: KeyObject): boolean[] {
  const statement = statementOf(document);
  return (document.bc_sig ?? []).map(
    ({ sig }) => statement !== undefined && verify(null, statement, key, Buffer.from(sig, "base64")),
  );
}

function fromBytes(base64: string): KeyObject | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length !== 32) return undefined;
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: "der", type: "spki" });
}

/** Returns the signed statement; `undefined` for a document without SHA-256, which cannot have signatures. */
function statementOf(document: JobDocument): Buffer | undefined {
  try {
    return Buffer.from(signedStatement(document));
  } catch (error) {
    if (isFotaError(error, "DOCUMENT_INVALID")) return undefined;
    throw error;
  }
}
