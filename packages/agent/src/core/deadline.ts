import { FotaError } from "@fota/shared";
import type { Clock } from "./ports.js";

/**
 * Waits at most `limitMs` milliseconds for `work`, then rejects with the error that `late` makes. Does not stop the
 * work; its later result is ignored.
 */
export function withDeadline<T>(
  clock: Pick<Clock, "after">,
  limitMs: number,
  work: PromiseLike<T>,
  late: () => Error,
): Promise<T> {
  return raceCancelable(work, (reject) => clock.after(limitMs, () => reject(late())));
}

/** Waits like `withDeadline`, and rejects with REQUEST_TIMED_OUT and `message`. */
export function withTimeout<T>(
  clock: Pick<Clock, "after">,
  limitMs: number,
  work: PromiseLike<T>,
  message: string,
): Promise<T> {
  return withDeadline(clock, limitMs, work, () => new FotaError("REQUEST_TIMED_OUT", message));
}

/**
 * Waits for `work`, unless `arm` rejects first. `arm` returns a function that disarms it. Leaves no pending promise
 * behind, as that would keep in memory whatever waits for it.
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
