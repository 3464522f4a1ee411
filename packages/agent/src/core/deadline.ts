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
  return raceCancelable(work, (reject) => clock.after(limitMs, () => reject(late())));
}

/**
 * Waits for `work`, or for what `arm` rejects with before that; what `arm` gives back takes it back. No promise stays
 * open behind it, as one that other work waits for would stay in memory.
 */
export function raceCancelable<T>(
  work: PromiseLike<T>,
  arm: (reject: (error: Error) => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = arm(reject);
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
