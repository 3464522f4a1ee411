/** The lowest average rate that a download may have over a window. */
export interface LowestRate {
  /** 0: no limit. */
  bytesPerSecond: number;
  windowMs: number;
}

/**
 * Compares a download with its lowest rate. Only the time spent waiting for the server counts, so a slow slot does not
 * look like a slow link. A window spans attempts, so cutting the connection early does not help a slow server.
 */
export class Pace {
  readonly #rate: LowestRate;
  readonly #patienceMs: number;
  #windowMs = 0;
  #windowBytes = 0;
  #totalMs = 0;

  /** `sizeBytes` at the lowest rate and `slowWindows` windows without a byte are the longest that it may take. */
  constructor(rate: LowestRate, sizeBytes: number, slowWindows: number) {
    this.#rate = rate;
    const { bytesPerSecond, windowMs } = rate;
    this.#patienceMs =
      bytesPerSecond > 0 ? (sizeBytes * 1_000) / bytesPerSecond + slowWindows * windowMs : Infinity;
  }

  /** Tells whether all waits together took longer than the whole image may take. */
  get isSpent(): boolean {
    return this.#totalMs > this.#patienceMs;
  }

  /** Notes a wait and the bytes that it brought. Returns whether a window has ended that brought too little. */
  noteWait(waitedMs: number, bytes: number): boolean {
    this.#totalMs += waitedMs;
    this.#windowMs += waitedMs;
    this.#windowBytes += bytes;
    if (this.#windowMs < this.#rate.windowMs) return false;
    const isSlow = this.#windowBytes * 1_000 < this.#rate.bytesPerSecond * this.#windowMs;
    this.#windowMs = 0;
    this.#windowBytes = 0;
    return isSlow;
  }

  /** Notes a pause between two attempts. */
  notePause(pauseMs: number): void {
    this.#totalMs += pauseMs;
  }
}
