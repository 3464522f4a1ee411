import type { Clock, MovableClock } from "./clock.js";

interface Timer {
  atMs: number;
  action: () => void;
  /** Cancels the timer of the underlying clock. */
  cancelWait: () => void;
}

/** Returns a clock that advances only when `advance` is called. It starts on November 24, 2026. */
export function manualClock(startMs = Date.UTC(2026, 10, 24)): MovableClock {
  return movableClock({ nowMs: () => startMs, after: () => () => undefined });
}

/** Returns a clock that runs with `base` and can be moved relative to it. */
export function movableClock(base: Clock): MovableClock {
  const timers = new Set<Timer>();
  let offsetMs = 0;
  const nowMs = () => base.nowMs() + offsetMs;

  function wait(timer: Timer): void {
    timer.cancelWait = base.after(Math.max(timer.atMs - nowMs(), 0), () => {
      timers.delete(timer);
      timer.action();
    });
  }

  /**
   * Timers with the same time come in the order in which they were set: sorting is stable, and a Set keeps its order.
   */
  function firstDue(byMs: number): Timer | undefined {
    return [...timers].filter(({ atMs }) => atMs <= byMs).sort((a, b) => a.atMs - b.atMs)[0];
  }

  return {
    nowMs,
    after: (delayMs, action) => {
      const timer: Timer = { atMs: nowMs() + delayMs, action, cancelWait: () => undefined };
      timers.add(timer);
      wait(timer);
      return () => {
        timers.delete(timer);
        timer.cancelWait();
      };
    },
    advance: (delayMs) => {
      const endOffsetMs = offsetMs + delayMs;
      for (;;) {
        const due = firstDue(base.nowMs() + endOffsetMs);
        if (due === undefined) break;
        timers.delete(due);
        due.cancelWait();
        offsetMs = Math.max(offsetMs, due.atMs - base.nowMs());
        due.action();
      }
      offsetMs = endOffsetMs;
      for (const timer of timers) {
        timer.cancelWait();
        wait(timer);
      }
    },
  };
}
