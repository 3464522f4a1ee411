import { FotaError, type JobDocument, signedStatement, signersOf } from "@fota/shared";
import { verifyEd25519 } from "../signing/public-key.js";

/**
 * Refuses a number below the one that the key sets in the document give to devices: each device that follows them would
 * refuse the document. @throws {FotaError} USAGE
 */
export function checkNumberOfKeySets({ bc_keys = [], bc_seq }: JobDocument): void {
  const floor = [...bc_keys].reverse().find(({ seq }) => seq !== undefined)?.seq;
  if (floor === undefined || (bc_seq ?? 0) >= floor) return;
  const has = bc_seq === undefined ? "none" : `${bc_seq}`;
  throw new FotaError(
    "USAGE",
    `a key set in --keys sets the sequence number to ${floor}, and the document has ${has}: devices would refuse it`,
    { hint: `sign with --seq ${floor} or a higher number` },
  );
}

/**
 * Refuses a document that not enough keys of the newest key set in it signed: devices count only those.
 * @throws {FotaError} SIGNATURE_INVALID
 */
export async function checkSignersOfKeySets(document: JobDocument): Promise<void> {
  const newest = document.bc_keys?.at(-1);
  if (newest === undefined) return;
  const keys = Object.fromEntries(newest.keys);
  const { bc_sig = [] } = document;
  const signers = await signersOf(signedStatement(document), bc_sig, keys, verifyEd25519);
  if (signers.length >= newest.t) return;
  throw new FotaError(
    "SIGNATURE_INVALID",
    `${signers.length} of ${newest.t} keys that key set ${newest.v} requires signed the document: devices would refuse it`,
    { hint: `sign with ${Object.keys(keys).join(" or ")}` },
  );
}
