import type { JobDocument, KeySet, PublicKeys, VerifyEd25519 } from "@fota/shared";
import type { Clock, Log, StateStore } from "./ports.js";
import type { Confirmable } from "./trust-state.js";
import type { Failure } from "./update-state.js";
import type { ImageIdentity } from "./verify.js";

/** A counter in hardware that only grows, such as fuses or a TPM's. */
export interface SecurityCounter {
  read(): Promise<number>;
  /**
   * Raises the counter to `value`. Durable when it returns. Never lowers it: a lower value changes nothing. If it rejects,
   * the update still succeeds, and the device repeats the call before each document that it judges.
   */
  raise(value: number): Promise<void>;
}

/** Whose job documents a device trusts. */
export interface TrustOptions {
  /** Ed25519 public keys by key id, as in `bc_sig`: 32 bytes in base64. No key at all refuses every document. */
  keys: PublicKeys;
  /**
   * How many of the keys must sign a job document.
   * @default 1
   */
  threshold?: number;
  /**
   * Keys that sign changes of the key set (`bc_keys`), and a `bc_seq` that is far ahead. Keep their private halves
   * offline.
   * @default the keys above, with their threshold
   */
  rootKeys?: PublicKeys;
  /** @default 1 */
  rootThreshold?: number;
  /**
   * Version of this key set. A device that has followed `bc_keys` to a higher version keeps that one.
   * @default 1
   */
  keysVersion?: number;
  /**
   * Accepts documents without any signature as if no keys were set, for the time in which a fleet moves to signed
   * documents. Everyone who can create jobs can leave out a signature.
   * @default false
   */
  allowUnsigned?: boolean;
  /**
   * Sequence number of this firmware: the device accepts no signed document with a lower `bc_seq`, nor one without.
   * @default 0
   */
  seq?: number;
  /** When this firmware was built, in seconds since 1970. The device takes no earlier time for the present. */
  builtAt?: number;
  /** In addition to the saved state, which an attacker with the device in hand could replace. */
  counter?: SecurityCounter;
}

/** `TrustOptions`, with how the device verifies, and where it keeps what it must not forget. */
export interface TrustSettings extends TrustOptions {
  verify: VerifyEd25519;
  /** Holds the sequence number, the time of the last signature and the key set. Separate from the state of updates. */
  store: StateStore;
}

/** A trusted document gives this to the device, which saves it before it touches a slot. */
export interface TrustedDocument {
  set: KeySet;
  /** What a new key set makes of the sequence number; `undefined` if it stays. */
  resetSeq: number | undefined;
  confirmable: Confirmable;
}

/** What the documents of one moment are judged by. */
export interface TrustRules {
  allowUnsigned: boolean;
  /** The earliest time that it can be, in seconds since 1970. */
  timeSeconds: number;
  /** Parses a document with its signatures. @throws {FotaError} DOCUMENT_INVALID */
  parse(document: unknown): JobDocument;
  /**
   * Verifies the signatures of a document, with the key set that its `bc_keys` lead to. Rejects if the port that verifies
   * fails, but not more than three times in a row.
   */
  verify(document: JobDocument): Promise<{ fault: string } | TrustedDocument>;
  /** Returns why a signed document is an old one, or `undefined`. */
  sequenceFault(
    document: JobDocument,
    trusted: Pick<TrustedDocument, "set" | "resetSeq">,
  ): Promise<Omit<Failure, "phase" | "reason"> | undefined>;
}

/** Judges signed documents, and keeps what the device must not forget of them. */
export interface TrustGuard {
  /** Rejects if what the device knows of earlier documents cannot be read: nothing is accepted then. */
  rules(): Promise<TrustRules>;
  /**
   * Saves the key set of an accepted document, and what its confirm will raise. Called before a slot is touched.
   * Rejects if it cannot be saved.
   */
  accept(trusted: TrustedDocument): Promise<void>;
  /**
   * Raises sequence number and time to those of the accepted document if the device runs its image. Called after each
   * confirm; safe to repeat. Rejects if that cannot be saved.
   */
  confirm(runs: (image: ImageIdentity) => Promise<boolean>): Promise<void>;
}

/**
 * Whose job documents a device trusts, from `createTrust`. A port, so that a build without trusted keys does not carry
 * the code that verifies.
 */
export interface Trust {
  /**
   * Returns the same guard at each call, with the `log` and the `clock` of the first one. Each of its calls takes a limited
   * time, and then rejects with REQUEST_TIMED_OUT.
   */
  guard(log: Log, clock: Clock): TrustGuard;
}
