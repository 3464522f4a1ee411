import type { Clock } from "../clock.js";

/** Longest delay of a Node.js timer, about 25 days. A tick that comes too early does nothing. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls `runTick` when it is due. At most one call is pending. */
export class TickTimer {
  readonly #clock: Clock;
  readonly #runTick: () => void;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(clock: Clock, runTick: () => void) {
    this.#clock = clock;
    this.#runTick = runTick;
  }

  /** Replaces the pending call by one after `delayMs`, or by none. A call that is due already follows the current answer. */
  schedule(delayMs: number | undefined): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (delayMs === undefined || this.#stopped) return;
    this.#cancel =
      delayMs > 0
        ? this.#clock.after(Math.min(delayMs, LONGEST_TIMER_MS), this.#runTick)
        : runSoon(this.#runTick);
  }

  /** Cancels the pending call and all later ones. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }
}

/** Runs `action` without the clock. */
function runSoon(action: () => void): () => void {
  const immediate = setImmediate(action);
  return () => clearImmediate(immediate);
}
