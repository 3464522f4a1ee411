import type { Clock, MovableClock } from "./clock.js";

interface Timer {
  atMs: number;
  action: () => void;
  /** Takes back the wait on the clock below. */
  cancelWait: () => void;
}

/** A clock that stands still until it is moved. */
export function manualClock(startMs = Date.UTC(2026, 10, 24)): MovableClock {
  return movableClock({ nowMs: () => startMs, after: () => () => undefined });
}

/** A clock that runs as `base` does and can be moved against it. */
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

  /** Timers of the same time in the order in which they were set: sorting is stable, a Set keeps order. */
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
