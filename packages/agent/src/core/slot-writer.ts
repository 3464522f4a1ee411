import type { Buffers } from "./ports.js";

/** Stores bytes at offset `offsetBytes` of the image. The array may be reused when it resolves. */
export type Store = (offsetBytes: number, bytes: Uint8Array) => Promise<void>;

/**
 * Collects small pieces of a stream into large writes with two buffers of fixed size: one fills while the other is
 * stored. Runs one store at a time, at increasing offsets.
 */
export class SlotWriter {
  readonly #store: Store;
  readonly #buffers: Buffers | undefined;
  #filling: Uint8Array;
  #storing: Uint8Array;
  #filledBytes = 0;
  /** Offset in the image where the buffer that fills begins. */
  #startBytes: number;
  /** The store in progress. Never rejects; the next call that waits for it throws its error. */
  #storeInProgress: Promise<void> | undefined;
  #fault: { error: unknown } | undefined;

  constructor(store: Store, startBytes: number, bufferBytes: number, buffers?: Buffers) {
    this.#store = store;
    this.#startBytes = startBytes;
    this.#buffers = buffers;
    const take = () => buffers?.take(bufferBytes) ?? new Uint8Array(bufferBytes);
    this.#filling = take();
    this.#storing = take();
  }

  /** Bytes of the image received so far. */
  get receivedBytes(): number {
    return this.#startBytes + this.#filledBytes;
  }

  /** Continues at `startBytes` and drops what is buffered. Rejects with the error of the store in progress. */
  async restartAt(startBytes: number): Promise<void> {
    await this.waitForStore();
    this.#startBytes = startBytes;
    this.#filledBytes = 0;
  }

  /** Buffers a piece and stores full buffers. Rejects with the error of an earlier store. */
  async write(piece: Uint8Array): Promise<void> {
    let copied = 0;
    while (copied < piece.length) {
      const count = Math.min(piece.length - copied, this.#filling.length - this.#filledBytes);
      this.#filling.set(piece.subarray(copied, copied + count), this.#filledBytes);
      this.#filledBytes += count;
      copied += count;
      if (this.#filledBytes === this.#filling.length) await this.#startStore();
    }
  }

  /** Stores what is buffered. */
  async flush(): Promise<void> {
    if (this.#filledBytes > 0) await this.#startStore();
    await this.waitForStore();
  }

  /** Waits for the store in progress. Rejects with its error, once. */
  async waitForStore(): Promise<void> {
    await this.#storeInProgress;
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw fault.error;
  }

  /** Gives the buffers back, once no store uses them. Do not use the writer after it. Never rejects. */
  async close(): Promise<void> {
    await this.#storeInProgress;
    for (const buffer of [this.#filling, this.#storing]) this.#buffers?.giveBack(buffer);
  }

  async #startStore(): Promise<void> {
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
