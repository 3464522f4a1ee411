import type { Slots } from "./ports.js";

/**
 * Writes a stream into a slot through one buffer of fixed size: many small pieces become few writes, and memory does
 * not grow with the image.
 */
export class SlotWriter {
  readonly #slots: Slots;
  readonly #slot: number;
  readonly #buffer: Uint8Array;
  #flushedBytes: number;
  #buffered = 0;

  constructor(slots: Slots, slot: number, startBytes: number, bufferBytes: number) {
    this.#slots = slots;
    this.#slot = slot;
    this.#buffer = new Uint8Array(bufferBytes);
    this.#flushedBytes = startBytes;
  }

  /** Bytes of the image that came so far. */
  get receivedBytes(): number {
    return this.#flushedBytes + this.#buffered;
  }

  /** Bytes of the image that the slot was given so far. */
  get flushedBytes(): number {
    return this.#flushedBytes;
  }

  /** Goes on at `startBytes`; what is buffered is dropped. */
  restartAt(startBytes: number): void {
    this.#flushedBytes = startBytes;
    this.#buffered = 0;
  }

  async write(piece: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < piece.length) {
      const count = Math.min(piece.length - taken, this.#buffer.length - this.#buffered);
      this.#buffer.set(piece.subarray(taken, taken + count), this.#buffered);
      this.#buffered += count;
      taken += count;
      if (this.#buffered === this.#buffer.length) await this.flush();
    }
  }

  async flush(): Promise<void> {
    if (this.#buffered === 0) return;
    await this.#slots.write(this.#slot, this.#flushedBytes, this.#buffer.subarray(0, this.#buffered));
    this.#flushedBytes += this.#buffered;
    this.#buffered = 0;
  }
}
