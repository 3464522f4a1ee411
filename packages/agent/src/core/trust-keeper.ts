import { FotaError, messageOf, parseJobDocument } from "@fota/shared";
import { isCount } from "./guards.js";
import type { Log } from "./ports.js";
import { builtInKeySet, sequenceFault, type TrustFacts, trustFacts, verifyDocument } from "./trust.js";
import { withTimeLimit } from "./trust-limit.js";
import type { Trust, TrustedDocument, TrustGuard, TrustRules, TrustSettings } from "./trust-ports.js";
import { type Confirmable, ignoredIn, parseTrust, serializeTrust, type TrustState } from "./trust-state.js";
import type { ImageIdentity } from "./verify.js";

/** Passes in a row in which `verify` may fail until the document counts as not signed. */
const VERIFY_FAULTS_MAX = 4;

/**
 * Returns the `trust` of a device.
 * @throws {FotaError} CONFIG_INVALID for a key that cannot be trusted, and for a threshold that the keys cannot reach
 */
export function createTrust(settings: TrustSettings): Trust {
  builtInKeySet(settings);
  let guard: TrustGuard | undefined; // one for all, because it remembers what it saved
  return {
    guard: (log, clock) => {
      guard ??= withTimeLimit(new TrustKeeper(settings, log), clock);
      return guard;
    },
  };
}

type Verified = Awaited<ReturnType<TrustRules["verify"]>>;

/** Each change is one atomic save: a power cut leaves either the old or the new knowledge. */
class TrustKeeper implements TrustGuard {
  readonly #trust: TrustSettings;
  readonly #log: Log;
  #state: TrustState | undefined;
  #reading: Promise<TrustState> | undefined;
  #lastChange: Promise<unknown> = Promise.resolve();
  readonly #verifyFaults = new Map<keyof TrustRules, number>();

  constructor(trust: TrustSettings, log: Log) {
    this.#trust = trust;
    this.#log = log;
  }

  async rules(): Promise<TrustRules> {
    const { verify, allowUnsigned = false } = this.#trust;
    const facts = await this.#facts();
    return {
      allowUnsigned,
      timeSeconds: facts.timeSeconds,
      parse: parseJobDocument,
      verify: (document) => {
        return this.#verifying<Verified>("verify", verifyDocument(document, facts, verify), (fault) => ({
          fault,
        }));
      },
      sequenceFault: (document, trusted) => {
        const work = sequenceFault(document, facts, trusted, verify);
        return this.#verifying("sequenceFault", work, (detail) => ({ detail }));
      },
    };
  }

  /**
   * Rejects for a fault of `verify`, so that a later pass repeats it. One that lasts gives `fault`: it must not hold up the
   * jobs behind.
   */
  async #verifying<T>(what: keyof TrustRules, work: Promise<T>, fault: (text: string) => T): Promise<T> {
    try {
      const result = await work;
      this.#verifyFaults.delete(what);
      return result;
    } catch (error) {
      const faults = (this.#verifyFaults.get(what) ?? 0) + 1;
      const text = `cannot verify the signatures: ${messageOf(error)}`;
      this.#verifyFaults.set(what, faults % VERIFY_FAULTS_MAX);
      if (faults < VERIFY_FAULTS_MAX) throw new FotaError("SIGNATURE_INVALID", text);
      return fault(text);
    }
  }

  async #facts(): Promise<TrustFacts> {
    const counter: unknown = this.#trust.counter === undefined ? 0 : await this.#trust.counter.read();
    if (!isCount(counter)) {
      throw new FotaError(
        "CONFIG_INVALID",
        `the security counter returned ${String(counter)}, not a whole number`,
      );
    }
    return trustFacts(this.#trust, await this.#load(), counter);
  }

  accept(trusted: TrustedDocument): Promise<void> {
    return this.#inTurn(() => this.#accept(trusted));
  }

  async #accept({ set, resetSeq, confirmable: pending }: TrustedDocument): Promise<void> {
    const state = await this.#load();
    const isNew = set.version > (await this.#facts()).set.version;
    const keys = isNew ? { keySet: set } : {};
    // The time may be the work of a thief as well as the number: both came from the old keys.
    const forgotten = { sha256: undefined, timeSeconds: undefined };
    const reset =
      isNew && resetSeq !== undefined ? { ...forgotten, seq: resetSeq, resetVersion: set.version } : {};
    await this.#save({ ...state, ...keys, ...reset, pending });
    if (isNew) this.#log("info", `the trusted keys are those of key set ${set.version} now`);
  }

  confirm(runs: (image: ImageIdentity) => Promise<boolean>): Promise<void> {
    return this.#inTurn(() => this.#confirm(runs));
  }

  async #confirm(runs: (image: ImageIdentity) => Promise<boolean>): Promise<void> {
    const { pending, ...state } = await this.#load();
    if (pending === undefined) return;
    const image = await firstThat(pending.images, runs);
    if (image === undefined) return;
    const { seq = 0, signedAt = 0 } = pending;
    const raised = {
      ...state,
      ...(seq > 0 && seq >= (state.seq ?? 0) && { seq, sha256: image.sha256 }),
      ...(signedAt > (state.timeSeconds ?? 0) && { timeSeconds: signedAt }),
    };
    if (seq > 0 && this.#trust.counter !== undefined) {
      // As long as it is pending, this step is repeated. The saved number counts at once: a counter that can be raised
      // no more must not end all updates.
      await this.#save({ ...raised, pending });
      try {
        await this.#trust.counter.raise(seq);
      } catch (error) {
        return this.#log("error", `cannot raise the security counter to ${seq}: ${messageOf(error)}`);
      }
    }
    await this.#save(raised);
  }

  /** Makes one change after the other, so that none starts from what another one is about to replace. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const result = this.#lastChange.then(change);
    this.#lastChange = result.catch(() => {});
    return result;
  }

  async #load(): Promise<TrustState> {
    this.#reading ??= this.#read();
    try {
      const saved = await this.#reading;
      this.#state ??= saved; // it may have changed meanwhile
      return this.#state;
    } catch (error) {
      this.#reading = undefined;
      throw error;
    }
  }

  async #read(): Promise<TrustState> {
    const text = await this.#trust.store.load();
    const saved = text === undefined ? {} : parseTrust(text);
    if (text !== undefined && saved !== undefined) {
      for (const name of ignoredIn(text, saved)) {
        this.#log("error", `${name} in the saved trust state is not valid and does not count`);
      }
    }
    if (saved !== undefined) return saved;
    this.#log(
      "error",
      "THE SAVED TRUST STATE IS LOST: the keys, the sequence number and the time that are built into the firmware count again",
    );
    return {};
  }

  async #save(state: TrustState): Promise<void> {
    if (serializeTrust(state) === serializeTrust(await this.#load())) return;
    try {
      await this.#trust.store.save(serializeTrust(state));
    } catch (error) {
      this.#log("error", `cannot save the trust state: ${messageOf(error)}`);
      throw error;
    }
    this.#state = state;
  }
}

async function firstThat(
  images: Confirmable["images"],
  runs: (image: ImageIdentity) => Promise<boolean>,
): Promise<Confirmable["images"][number] | undefined> {
  for (const image of images) if (await runs(image)) return image;
  return undefined;
}
