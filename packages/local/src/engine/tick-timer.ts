import { type Clock, soon } from "../clock.js";

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

  /**
   * Replaces the pending call by one after `delayMs`, or by none. A call that is due already follows the current answer,
   * or comes before that if the clock is moved: the clock does not move on before everything due has run.
   */
  schedule(delayMs: number | undefined): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (delayMs === undefined || this.#stopped) return;
    this.#cancel =
      delayMs > 0 ? this.#clock.after(Math.min(delayMs, LONGEST_TIMER_MS), this.#runTick) : this.#runSoon();
  }

  /** Cancels the pending call and all later ones. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** A clock that is moved by hand runs nothing on its own, so what is due does not wait for it. */
  #runSoon(): () => void {
    const cancel = () => {
      for (const each of cancels) each();
    };
    const runOnce = () => {
      cancel();
      this.#runTick();
    };
    const cancels = [soon(runOnce), this.#clock.after(0, runOnce)];
    return cancel;
  }
}
