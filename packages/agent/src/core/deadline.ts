import type { Clock } from "./ports.js";

/**
 * Waits for `work` at most `limitMs`; then rejects with what `late` makes. The work itself is not stopped, and what
 * becomes of it later is ignored.
 */
export function withDeadline<T>(
  clock: Pick<Clock, "after">,
  limitMs: number,
  work: PromiseLike<T>,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, () => reject(late()));
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
