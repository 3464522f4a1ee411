import type { Interruption } from "./interruption.js";
import type { Clock } from "./ports.js";

/** Waits for `delayMs`, or less when interrupted; then no timer stays behind. */
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
