import { messageOf } from "@fota/shared";
import type { Log } from "./ports.js";
import {
  builtInKeySet,
  type Trust,
  type TrustedDocument,
  type TrustFacts,
  type TrustRules,
  trustFacts,
} from "./trust.js";
import { type Confirmable, parseTrust, serializeTrust, type TrustState } from "./trust-state.js";
import type { ImageIdentity } from "./verify.js";

/**
 * Keeps what a device with trusted keys must not forget. Each change is one atomic save, made before what depends on
 * it: a power cut leaves either the old or the new knowledge.
 */
export class TrustKeeper {
  readonly #trust: Trust;
  readonly #log: Log;
  #state: TrustState | undefined;

  /** @throws {FotaError} CONFIG_INVALID if the keys cannot be used */
  constructor(trust: Trust, log: Log) {
    builtInKeySet(trust);
    this.#trust = trust;
    this.#log = log;
  }

  /** Returns what documents are judged by. Rejects if the store or the counter cannot be read. */
  async rules(): Promise<TrustRules> {
    const { verify, allowUnsigned = false } = this.#trust;
    return { facts: await this.#facts(), verify, allowUnsigned };
  }

  async #facts(): Promise<TrustFacts> {
    const counter = (await this.#trust.counter?.read()) ?? 0;
    return trustFacts(this.#trust, await this.#load(), counter);
  }

  /**
   * Saves the key set of an accepted document, and what its confirm will raise. Call it before a slot is touched.
   * Rejects if it cannot be saved.
   */
  async accept({ set, resetSeq, confirmable: pending }: TrustedDocument): Promise<void> {
    const state = await this.#load();
    const isNew = set.version > (await this.#facts()).set.version;
    const keys = isNew ? { keySet: set } : {};
    const reset = isNew && resetSeq !== undefined ? { seq: resetSeq, sha256: undefined } : {};
    await this.#save({ ...state, ...keys, ...reset, pending });
    if (isNew) this.#log("info", `the trusted keys are those of key set ${set.version} now`);
  }

  /**
   * Raises sequence number and time to those of the accepted document if the device runs its image. Call it after each
   * confirm; safe to repeat. Rejects if that cannot be saved.
   */
  async confirm(runs: (image: ImageIdentity) => Promise<boolean>): Promise<void> {
    const { pending, ...state } = await this.#load();
    if (pending === undefined) return;
    const image = await firstThat(pending.images, runs);
    if (image === undefined) return;
    const { seq = 0, signedAt = 0 } = pending;
    // The counter first: the saved state repeats this step until both are done.
    if (seq > 0) await this.#trust.counter?.raise(seq);
    await this.#save({
      ...state,
      ...(seq > 0 && seq >= (state.seq ?? 0) && { seq, sha256: image.sha256 }),
      ...(signedAt > (state.timeSeconds ?? 0) && { timeSeconds: signedAt }),
    });
  }

  async #load(): Promise<TrustState> {
    if (this.#state !== undefined) return this.#state;
    const text = await this.#trust.store.load();
    const saved = text === undefined ? {} : parseTrust(text);
    if (saved === undefined) {
      this.#log(
        "error",
        "THE SAVED TRUST STATE IS LOST: the keys, the sequence number and the time that are built into the firmware count again",
      );
    }
    this.#state = saved ?? {};
    return this.#state;
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
