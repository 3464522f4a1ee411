import { type DocumentSignature, FotaError, publicKeyFault } from "@fota/shared";
import { verifyEd25519 } from "./public-key.js";

/** Signs with one Ed25519 key, wherever it is. */
export interface Signer {
  /** The id of the key in signatures. */
  readonly id: string;
  /** 32 bytes in base64. */
  readonly publicKey: string;
  /** Signs a statement; the result is checked before it is used. @throws {FotaError} SIGNER_FAILED */
  sign(statement: string): Promise<Buffer>;
}

const SIGNATURE_BYTES = 64;

/**
 * Returns the signatures with those of `signers` added; a signer who signed already replaces the own one.
 * @throws {FotaError} SIGNER_FAILED for a signature that does not verify, what signers throw; USAGE if a key signed
 * under another id, or another key under this one
 */
export async function withSignatures(
  signatures: readonly DocumentSignature[],
  statement: string,
  signers: readonly Signer[],
): Promise<DocumentSignature[]> {
  const all = new Map(signatures.map((signature) => [signature.key, signature]));
  for (const signer of signers) {
    await refuseOtherId(signer, statement, [...all.values()]);
    all.set(signer.id, await signatureOf(signer, statement));
  }
  return [...all.values()];
}

/** Devices count keys, not ids: a second signature of the same key would only look like a second signer. An id is for one key. */
async function refuseOtherId(
  { id, publicKey }: Signer,
  statement: string,
  signatures: readonly DocumentSignature[],
): Promise<void> {
  for (const { key, sig } of signatures) {
    const isOwn = await verifyEd25519(publicKey, statement, sig);
    if (key === id && !isOwn) {
      throw new FotaError("USAGE", `another key signed as ${id}, and its signature would be lost`, {
        hint: `give this key an id of its own: --sign <id>=<key>`,
      });
    }
    if (key === id || !isOwn) continue;
    throw new FotaError("USAGE", `the key ${id} signed already, as ${key}: devices count it once`, {
      hint: "sign with another key, or give it the same id",
    });
  }
}

async function signatureOf(signer: Signer, statement: string): Promise<DocumentSignature> {
  const { id, publicKey } = signer;
  const bytes = await signer.sign(statement);
  if (bytes.length !== SIGNATURE_BYTES) {
    throw failed(`${id} returned ${bytes.length} bytes, and an Ed25519 signature has ${SIGNATURE_BYTES}`);
  }
  const sig = bytes.toString("base64");
  if (await verifyEd25519(publicKey, statement, sig)) return { key: id, sig };
  throw failed(`the signature of ${id} does not verify with its public key`);
}

function failed(message: string): FotaError {
  return new FotaError("SIGNER_FAILED", message, {
    hint: "check that the signer uses the key of --public-key, and plain Ed25519 over stdin without a prehash",
  });
}

/** Checks the public key of a signer as a device does. @throws {FotaError} KEY_INVALID */
export function checkTrustable(id: string, publicKey: string): void {
  const fault = publicKeyFault(publicKey);
  if (fault !== undefined) throw new FotaError("KEY_INVALID", `devices do not trust the key ${id}: ${fault}`);
}
