import { FotaError } from "@fota/shared";
import { raceCancelable } from "../../core/deadline.js";

/** Returns the error of a command whose session ends. */
export function sessionEnded(): FotaError {
  return new FotaError("DEVICE_BUSY", "fota-agent stops, or reads its configuration again", {
    hint: "run the command again",
  });
}

/**
 * Yields the pieces of `image` until `signal` is aborted.
 * @throws {FotaError} DEVICE_BUSY if `signal` is aborted before the last piece
 */
export async function* interruptible(
  image: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const pieces = image[Symbol.asyncIterator]();
  for (;;) {
    if (signal.aborted) throw sessionEnded();
    const next = await raceCancelable(pieces.next(), (reject) => {
      const abort = () => reject(sessionEnded());
      signal.addEventListener("abort", abort, { once: true });
      return () => signal.removeEventListener("abort", abort);
    });
    if (next.done === true) return;
    yield next.value;
  }
}
