import { FotaError, messageOf } from "./errors.js";
import type { DocumentSignature, JobDocument, KeySetLink } from "./job-document.js";
import { type KeyRole, type KeySet, keySetOf, keySetStatement, rootRole } from "./key-set.js";
import { signedStatement } from "./signed-statement.js";

/**
 * Tells whether `signature` (64 bytes in base64) is the Ed25519 signature (RFC 8032) of `message` (UTF-8) by
 * `publicKey` (32 bytes in base64).
 */
export type VerifyEd25519 = (
  publicKey: string,
  message: string,
  signature: string,
) => boolean | Promise<boolean>;

/**
 * Returns the ids of the keys that signed `statement`, each key once, however often it signed and under however many
 * ids.
 */
export async function signersOf(
  statement: string,
  signatures: readonly DocumentSignature[],
  keys: KeyRole["keys"],
  verify: VerifyEd25519,
): Promise<string[]> {
  const signers = new Map<string, string>();
  for (const { key: id, sig } of signatures) {
    const key = Object.hasOwn(keys, id) ? keys[id] : undefined;
    if (key === undefined || signers.has(key)) continue;
    if ((await verify(key, statement, sig)) === true) signers.set(key, id); // a C binding may return 1 or -1
  }
  return [...signers.values()];
}

/**
 * Returns why a device that trusts `keys` refuses the signatures of a document, or `undefined` if enough keys signed
 * it. Rejects only if `verify` does: that says nothing about the document.
 */
export async function signatureFault(
  document: JobDocument,
  { keys, threshold }: KeyRole,
  verify: VerifyEd25519,
): Promise<string | undefined> {
  const { bc_sig: signatures = [] } = document;
  if (signatures.length === 0) return "the job document is not signed";
  let statement: string;
  try {
    statement = signedStatement(document);
  } catch (error) {
    return messageOf(error);
  }
  const signers = await signersOf(statement, signatures, keys, verify);
  if (signers.length >= threshold) return undefined;
  const ids = signatures.map(({ key }) => JSON.stringify(key)).join(", ");
  return signers.length === 0
    ? `no signature is from a key that this device trusts: the document is signed with ${ids}`
    : `${signers.length} of ${threshold} keys that this device requires signed the document (${signers.join(", ")})`;
}

/**
 * Follows the links of `bc_keys` from the key set that a device trusts to the newest one. Links up to the device's
 * version are skipped, so that one chain serves devices that have slept for different times.
 *
 * Returns the set, and the number that the last link with `seq` gives to the device's `bc_seq` counter.
 * @throws {FotaError} SIGNATURE_INVALID if a link is missing, is not signed by the thresholds of both the old and the
 * new set, or holds a key that cannot be trusted
 */
export async function followKeyLinks(
  trusted: KeySet,
  links: readonly KeySetLink[],
  verify: VerifyEd25519,
): Promise<{ set: KeySet; seq: number | undefined }> {
  let [set, seq] = [trusted, undefined as number | undefined];
  for (const link of links) {
    if (link.v <= set.version) continue;
    if (link.v !== set.version + 1) {
      throw refused(`key set ${link.v} cannot follow ${set.version}: the links between them are missing`);
    }
    const next = readLink(link);
    const statement = keySetStatement(link);
    for (const [whose, whoseSet] of [
      ["old", set],
      ["new", next],
    ] as const) {
      const role = rootRole(whoseSet);
      const signers = await signersOf(statement, link.sig, role.keys, verify);
      if (signers.length >= role.threshold) continue;
      const keys = whoseSet.rootKeys === undefined ? "keys" : "root keys";
      throw refused(
        `${signers.length} of ${role.threshold} ${keys} of the ${whose} set signed key set ${link.v}`,
      );
    }
    set = next;
    seq = link.seq ?? seq;
  }
  return { set, seq };
}

function readLink(link: KeySetLink): KeySet {
  try {
    return keySetOf(link);
  } catch (error) {
    throw refused(`key set ${link.v}: ${messageOf(error)}`);
  }
}

function refused(message: string): FotaError {
  return new FotaError("SIGNATURE_INVALID", message);
}
