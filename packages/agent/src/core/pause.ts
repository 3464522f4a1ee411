import type { Interruption } from "./interruption.js";
import type { Clock } from "./ports.js";

/** Waits `delayMs` milliseconds, or until interrupted. Leaves no timer behind. */
export function pause(
  clock: Pick<Clock, "after">,
  delayMs: number,
  interruption: Interruption,
): Promise<void> {
  return new Promise((resolve) => {
    const cancelTimer = clock.after(delayMs, () => {
      cancelListener();
      resolve();
    });
    const cancelListener = interruption.onInterrupt(() => {
      cancelTimer();
      resolve();
    });
  });
}
