import {
  checkKeySet,
  followKeyLinks,
  imagesOf,
  isFotaError,
  type JobDocument,
  type KeySet,
  rootRole,
  signatureFault,
  signedStatement,
  signersOf,
  type VerifyEd25519,
} from "@fota/shared";
import type { TrustedDocument, TrustOptions } from "./trust-ports.js";
import type { Confirmable, TrustState } from "./trust-state.js";
import type { Failure } from "./update-state.js";

/** What a device knows when it judges a signed document. */
export interface TrustFacts {
  set: KeySet;
  /** Lowest `bc_seq` that it accepts. */
  seq: number;
  /** What the counter in hardware says. Nothing sets it back. */
  counter: number;
  /** SHA-256 of the image that was confirmed with this number: a document with the same number must contain it. */
  sha256: string | undefined;
  /** The earliest time that it can be, in seconds since 1970. */
  timeSeconds: number;
}

/**
 * How far a document may raise the sequence number. A thief of the signing keys could otherwise use the highest number,
 * after which the device would accept no other document. Only root keys sign a greater step.
 */
const SEQ_STEP_MAX = 2 ** 20;

/**
 * Returns the key set that is built into the firmware.
 * @throws {FotaError} CONFIG_INVALID if the device cannot verify with it
 */
export function builtInKeySet({
  keys,
  threshold = 1,
  rootKeys,
  rootThreshold,
  keysVersion = 1,
}: TrustOptions) {
  const set: KeySet = {
    version: keysVersion,
    keys,
    threshold,
    ...(rootKeys !== undefined && { rootKeys }),
    ...(rootThreshold !== undefined && { rootThreshold }),
  };
  checkKeySet(set);
  return set;
}

/** Puts together what is built in, what was saved and what the counter says. Whatever is higher counts. */
export function trustFacts(options: TrustOptions, saved: TrustState, counter: number): TrustFacts {
  const builtIn = builtInKeySet(options);
  const { keySet, seq: savedSeq = 0, sha256, timeSeconds = 0, resetVersion = 0 } = saved;
  const builtInSeq = resetVersion > builtIn.version ? 0 : (options.seq ?? 0);
  const seq = Math.max(builtInSeq, savedSeq, counter);
  return {
    set: keySet !== undefined && keySet.version > builtIn.version ? keySet : builtIn,
    seq,
    counter,
    sha256: seq === savedSeq ? sha256 : undefined,
    timeSeconds: Math.max(options.builtAt ?? 0, timeSeconds),
  };
}

/**
 * Verifies the signatures of a document, with the key set that its `bc_keys` lead to. Rejects with the error of `verify`
 * if that rejects: a secure element that does not answer says nothing about the document.
 */
export async function verifyDocument(
  document: JobDocument,
  facts: TrustFacts,
  verify: VerifyEd25519,
): Promise<{ fault: string } | TrustedDocument> {
  try {
    const { set, seq: resetSeq } = await followKeyLinks(facts.set, document.bc_keys ?? [], verify);
    const fault = await signatureFault(document, set, verify);
    return fault === undefined ? { set, resetSeq, confirmable: confirmableOf(document) } : { fault };
  } catch (error) {
    if (isFotaError(error, "SIGNATURE_INVALID")) return { fault: error.message };
    throw error;
  }
}

function confirmableOf(document: JobDocument): Confirmable {
  const images = imagesOf(document).map(({ bc_size: sizeBytes, bc_crc: md5, bc_sha256: sha256 = "" }) => ({
    sizeBytes,
    md5,
    sha256,
  }));
  return { images, seq: document.bc_seq, signedAt: document.bc_at };
}

/**
 * Returns why a signed document is an old one, or `undefined`. A document with the number of the confirmed one must
 * contain the confirmed image: then it is the same release, which may be installed again.
 */
export async function sequenceFault(
  document: JobDocument,
  facts: TrustFacts,
  trusted: Pick<TrustedDocument, "set" | "resetSeq">,
  verify: VerifyEd25519,
): Promise<Omit<Failure, "phase" | "reason"> | undefined> {
  const floor = trusted.resetSeq === undefined ? facts.seq : Math.max(trusted.resetSeq, facts.counter);
  const seq = document.bc_seq ?? 0;
  const actual = document.bc_seq === undefined ? "none" : `${seq}`;
  if (seq < floor) {
    const detail = "the signed job document is older than the one that this device confirmed last";
    return { detail, expected: `at least ${floor}`, actual };
  }
  const isSame = seq === floor && trusted.resetSeq === undefined && facts.sha256 !== undefined;
  if (isSame && !digestsOf(document).includes(facts.sha256)) {
    const detail = "the sequence number is that of the confirmed release, but the image is another one";
    return { detail, expected: `at least ${floor + 1}`, actual };
  }
  if (seq - floor <= SEQ_STEP_MAX || (await isSignedByRoots(document, trusted.set, verify))) return undefined;
  const detail = `the sequence number is more than ${SEQ_STEP_MAX} above the last one, and no root keys signed it`;
  return { detail, expected: `at most ${floor + SEQ_STEP_MAX}`, actual };
}

async function isSignedByRoots(document: JobDocument, set: KeySet, verify: VerifyEd25519): Promise<boolean> {
  if (set.rootKeys === undefined) return false;
  const { keys, threshold } = rootRole(set);
  const signers = await signersOf(signedStatement(document), document.bc_sig ?? [], keys, verify);
  return signers.length >= threshold;
}

function digestsOf({ bc_sha256, bc_alt = [] }: JobDocument): (string | undefined)[] {
  return [bc_sha256, ...bc_alt.map((image) => image.bc_sha256)];
}
