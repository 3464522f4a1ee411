/** The stand-in's time, which tests can move. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls `action` once when `delayMs` have passed, unless the returned function is called first. */
  after(delayMs: number, action: () => void): () => void;
}

/** A clock that tests can move. */
export interface MovableClock extends Clock {
  /**
   * Moves the clock by `delayMs`. Actions that become due run before it returns, in order, each at its own time. A
   * negative delay sets the clock back, and pending actions wait longer.
   */
  advance(delayMs: number): void;
}

/** Longest delay of setTimeout: a longer one would end at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, action) => {
    if (delayMs <= 0) return soon(action);
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

/**
 * Calls `action` after the requests that wait already, which setTimeout would come before. Returns a function that
 * cancels the call.
 */
export function soon(action: () => void): () => void {
  const immediate = setImmediate(action);
  return () => clearImmediate(immediate);
}

/** Measures durations: it counts from the start of the process, and no correction of the system's time changes it. */
export const steadyClock: Clock = {
  nowMs: () => performance.now(),
  after: systemClock.after,
};
