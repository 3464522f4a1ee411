import {
  type JobDocument,
  type KeySetLink,
  keySetStatement,
  parseJobDocument,
  parseKeySetLinks,
  signedStatement,
} from "@fota/shared";
import { checkModelNamed } from "../signing/check-model.js";
import { checkSigningTime, type Facts, withFacts, withSigningTime } from "../signing/facts.js";
import type { UnsignedLink } from "../signing/key-set-file.js";
import { type Signer, withSignatures } from "../signing/signer.js";

/** Holds something signed, and the ids of the signatures that no longer hold. */
export interface Signed<T> {
  value: T;
  statement: string;
  dropped: string[];
}

/**
 * Signs a job document with these facts. Signatures that it has stay, unless the facts change what they signed.
 * @throws {FotaError} DOCUMENT_INVALID, also for a document without a model unless `anyModel`; what signing throws
 */
export async function signDocument(
  document: JobDocument,
  signers: readonly Signer[],
  { facts, anyModel, now }: { facts: Facts; anyModel: boolean; now: Date },
): Promise<Signed<JobDocument>> {
  const { bc_sig: former = [], ...bare } = document;
  if (!anyModel) checkModelNamed(bare);
  const changed = withFacts(bare, facts);
  const keeps = former.length > 0 && signedStatement(changed) === signedStatement(bare);
  const unsigned = keeps ? changed : withSigningTime(changed, now);
  checkSigningTime(unsigned, now);
  const statement = signedStatement(unsigned);
  const bc_sig = await withSignatures(keeps ? former : [], statement, signers);
  const value = parseJobDocument({ ...unsigned, bc_sig });
  return { value, statement, dropped: keeps ? [] : former.map(({ key }) => key) };
}

/** Signs a key set; signatures that it has stay. @throws {FotaError} what signing throws */
export async function signKeySet(
  link: UnsignedLink,
  signatures: KeySetLink["sig"],
  signers: readonly Signer[],
): Promise<Signed<KeySetLink>> {
  const statement = keySetStatement(link);
  const sig = await withSignatures(signatures, statement, signers);
  const [value] = parseKeySetLinks([{ ...link, sig }]) as [KeySetLink];
  return { value, statement, dropped: [] };
}
