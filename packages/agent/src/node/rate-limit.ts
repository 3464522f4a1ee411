import { FotaError } from "@fota/shared";
import { DOWNLOAD_TUNING } from "../core/download-tuning.js";
import type { InterruptSignal } from "../core/ports.js";

/**
 * The lowest limit. Four times the rate below which the agent gives up a download, so that the limit never looks like a
 * slow server.
 */
export const LOWEST_RATE_LIMIT = 4 * DOWNLOAD_TUNING.lowestRate.bytesPerSecond;

/** Pieces for each second: no wait is longer than the time of one piece. */
const PIECES_PER_SECOND = 4;

/** Timers fire late. A delay up to this is made up for by a shorter wait; a longer one is an idle link and is not. */
const LATE_MS = 50;

/**
 * Limits the rate of downloads. From the first byte on, at most the bytes of the elapsed time plus one piece pass,
 * counted over all bodies that share the limit.
 */
export class RateLimit {
  /** Most bytes to pass at once: a quarter of a second. */
  readonly pieceBytes: number;
  readonly #bytesPerSecond: number;
  /** When the bytes so far are paid for. */
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.pieceBytes = Math.max(1, Math.floor(bytesPerSecond / PIECES_PER_SECOND));
  }

  /** Waits until `bytes` may pass. Rejects as soon as it is interrupted. */
  async wait(bytes: number, interrupt?: InterruptSignal): Promise<void> {
    const nowMs = performance.now();
    const startMs = nowMs - this.#dueMs > LATE_MS ? nowMs : this.#dueMs;
    this.#dueMs = startMs + (bytes * 1_000) / this.#bytesPerSecond;
    if (startMs > nowMs) await sleep(Math.ceil(startMs - nowMs), interrupt);
  }

  /** Cuts bytes into pieces, without copying them. */
  *cut(bytes: Uint8Array): Iterable<Uint8Array> {
    for (let offset = 0; offset < bytes.length; offset += this.pieceBytes) {
      yield bytes.subarray(offset, offset + this.pieceBytes);
    }
  }
}

/** @throws {FotaError} CONFIG_INVALID for a limit that is too low or not a whole number */
export function checkRateLimit(bytesPerSecond: number): void {
  if (Number.isSafeInteger(bytesPerSecond) && bytesPerSecond >= LOWEST_RATE_LIMIT) return;
  throw new FotaError("CONFIG_INVALID", `maxBytesPerSecond is ${bytesPerSecond}`, {
    hint: `set a whole number from ${LOWEST_RATE_LIMIT} up`,
  });
}

function sleep(delayMs: number, interrupt: InterruptSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      cancel?.();
      resolve();
    }, delayMs);
    const cancel = interrupt?.onInterrupt(() => {
      clearTimeout(timer);
      reject(new Error("interrupted"));
    });
  });
}
