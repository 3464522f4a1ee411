import type { Clock } from "../../src/clock.js";

/** A clock that a test moves. */
export interface ManualClock extends Clock {
  /** Lets `delayMs` pass, and what is due in it happen, in order. */
  advance(delayMs: number): void;
}

export function manualClock(startMs = Date.UTC(2026, 10, 24)): ManualClock {
  let nowMs = startMs;
  const timers = new Set<{ atMs: number; action: () => void }>();
  return {
    nowMs: () => nowMs,
    after: (delayMs, action) => {
      const timer = { atMs: nowMs + delayMs, action };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: (delayMs) => {
      const endMs = nowMs + delayMs;
      for (;;) {
        const due = [...timers].filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        timers.delete(due);
        nowMs = due.atMs;
        due.action();
      }
      nowMs = endMs;
    },
  };
}
