/** Takes bytes for storage, from `offsetBytes` of the image on. They may be reused as soon as it resolves. */
export type Store = (offsetBytes: number, bytes: Uint8Array) => Promise<void>;

/**
 * Gathers a stream of small pieces into few large stores, through two buffers of fixed size: while one is stored, the
 * other fills. One store at a time, in order; memory does not grow with the image.
 */
export class SlotWriter {
  readonly #store: Store;
  #filling: Uint8Array;
  #storing: Uint8Array;
  #filledBytes = 0;
  /** Where the buffer that fills starts in the image. */
  #startBytes: number;
  /** The store that is under way. Settles without rejecting: what it threw is thrown by whoever waits for it. */
  #storeInProgress: Promise<void> | undefined;
  #fault: { error: unknown } | undefined;

  constructor(store: Store, startBytes: number, bufferBytes: number) {
    this.#store = store;
    this.#startBytes = startBytes;
    this.#filling = new Uint8Array(bufferBytes);
    this.#storing = new Uint8Array(bufferBytes);
  }

  /** Bytes of the image that came so far. */
  get receivedBytes(): number {
    return this.#startBytes + this.#filledBytes;
  }

  /** Goes on at `startBytes`; what is buffered is dropped. Rejects with what the store under way rejects with. */
  async restartAt(startBytes: number): Promise<void> {
    await this.waitForStore();
    this.#startBytes = startBytes;
    this.#filledBytes = 0;
  }

  /** Rejects with what an earlier store rejected with. */
  async write(piece: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < piece.length) {
      const count = Math.min(piece.length - taken, this.#filling.length - this.#filledBytes);
      this.#filling.set(piece.subarray(taken, taken + count), this.#filledBytes);
      this.#filledBytes += count;
      taken += count;
      if (this.#filledBytes === this.#filling.length) await this.#handOver();
    }
  }

  /** Stores what is buffered. */
  async flush(): Promise<void> {
    if (this.#filledBytes > 0) await this.#handOver();
    await this.waitForStore();
  }

  /** Waits for the store under way. Rejects with what it rejects with, once. */
  async waitForStore(): Promise<void> {
    await this.#storeInProgress;
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw fault.error;
  }

  async #handOver(): Promise<void> {
    await this.waitForStore();
    const full = this.#filling.subarray(0, this.#filledBytes);
    const offsetBytes = this.#startBytes;
    this.#startBytes += full.length;
    this.#filledBytes = 0;
    [this.#filling, this.#storing] = [this.#storing, this.#filling];
    this.#storeInProgress = this.#store(offsetBytes, full).catch((error: unknown) => {
      this.#fault = { error };
    });
  }
}
