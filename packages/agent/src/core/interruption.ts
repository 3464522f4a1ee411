import { raceCancelable } from "./deadline.js";
import type { InterruptSignal } from "./ports.js";

/** Why work in progress ends early: the job is gone, or the agent stops. */
export type InterruptReason = "job-gone" | "stopped";

/**
 * Interrupts work in progress, once. Uses removable listeners instead of a promise, because code that waits for a
 * promise stays in memory until the promise settles.
 */
export class Interruption implements InterruptSignal {
  #reason: InterruptReason | undefined;
  readonly #listeners = new Set<() => void>();

  /** Why the work was interrupted; `undefined` before that. */
  get reason(): InterruptReason | undefined {
    return this.#reason;
  }

  interrupt(reason: InterruptReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  onInterrupt(listener: () => void): () => void {
    if (this.#reason !== undefined) listener();
    else this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** Waits for `work`. Rejects as soon as it is interrupted; the work itself continues and its result is ignored. */
export function unlessInterrupted<T>(interruption: Interruption, work: PromiseLike<T>): Promise<T> {
  return raceCancelable(work, (reject) =>
    interruption.onInterrupt(() => reject(new Error(`interrupted: ${interruption.reason}`))),
  );
}
