/** Time as the stand-in has it: tests move it by hand. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls `action` once when `delayMs` have passed, unless the returned function is called first. */
  after(delayMs: number, action: () => void): () => void;
}

/** A clock that can be moved. */
export interface MovableClock extends Clock {
  /**
   * Lets `delayMs` pass at once: what is due in it happens before it returns, in order, each at its own time. A
   * negative delay sets the clock back; what waits then waits longer.
   */
  advance(delayMs: number): void;
}

/** setTimeout takes no more: longer waits would end at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, action) => {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number) => {
      const stepMs = Math.min(leftMs, LONGEST_WAIT_MS);
      timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : action()), stepMs);
      timer.unref();
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};
