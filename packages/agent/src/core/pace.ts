/** The lowest average rate that a download may have over a window. */
export interface LowestRate {
  /** 0 means no limit. */
  bytesPerSecond: number;
  windowMs: number;
}

/**
 * Compares a download with its lowest rate. Counts only the time spent waiting for the server, so that a slow slot does
 * not look like a slow link. A window spans attempts, so a slow server gains nothing by closing the connection early.
 */
export class Pace {
  readonly #rate: LowestRate;
  readonly #limitMs: number;
  #windowMs = 0;
  #windowBytes = 0;
  #totalMs = 0;

  /** The limit on the total time is `sizeBytes` at the lowest rate plus `slowWindows` windows without a byte. */
  constructor(rate: LowestRate, sizeBytes: number, slowWindows: number) {
    this.#rate = rate;
    const { bytesPerSecond, windowMs } = rate;
    this.#limitMs =
      bytesPerSecond > 0 ? (sizeBytes * 1_000) / bytesPerSecond + slowWindows * windowMs : Infinity;
  }

  /** Tells whether the total time has reached its limit. */
  get isExhausted(): boolean {
    return this.#totalMs > this.#limitMs;
  }

  /** Counts a wait and the bytes received in it. Returns true if a window has ended with too few bytes. */
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

  /** Counts a pause between two attempts. */
  notePause(pauseMs: number): void {
    this.#totalMs += pauseMs;
  }
}
