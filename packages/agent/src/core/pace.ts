/** The lowest average rate that a download may have over a window. */
export interface LowestRate {
  /** 0: any rate will do. */
  bytesPerSecond: number;
  windowMs: number;
}

/**
 * Holds a download against its lowest rate. Only the time spent waiting for the server counts, so a slow slot is not
 * taken for a slow link; a window spans attempts, so a server gains nothing by cutting the connection before its end.
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

  /** Whether all waits together took longer than the whole image may. */
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

  /** Notes a wait of our own between two attempts. */
  notePause(pauseMs: number): void {
    this.#totalMs += pauseMs;
  }
}
