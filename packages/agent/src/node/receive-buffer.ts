import type { Buffers } from "../core/ports.js";
import { ownBuffers } from "./own-buffers.js";

/**
 * Collects what a socket receives. Uses two blocks in turn: one fills while the reader has the other. A body of any
 * size passes through the same memory.
 */
export class ReceiveBuffer {
  readonly #buffers: Buffers;
  #filling: Uint8Array;
  #taken: Uint8Array;
  #filledBytes = 0;

  constructor(blockBytes: number, buffers = ownBuffers) {
    this.#buffers = buffers;
    this.#filling = buffers.take(blockBytes);
    this.#taken = buffers.take(blockBytes);
  }

  /** How many bytes fit before the block must grow. */
  get freeBytes(): number {
    return this.#filling.length - this.#filledBytes;
  }

  /** Copies `bytes` to the block that fills, which grows if they do not fit. */
  add(bytes: Uint8Array): void {
    if (bytes.length > this.freeBytes) this.#grow(this.#filledBytes + bytes.length);
    this.#filling.set(bytes, this.#filledBytes);
    this.#filledBytes += bytes.length;
  }

  /** Returns the bytes added since the last call, or `undefined` if there are none. They are valid until the next call. */
  take(): Uint8Array | undefined {
    if (this.#filledBytes === 0) return undefined;
    const bytes = this.#filling.subarray(0, this.#filledBytes);
    [this.#filling, this.#taken] = [this.#taken, this.#filling];
    this.#filledBytes = 0;
    return bytes;
  }

  /** Gives the blocks back. Do not use it after that. */
  close(): void {
    this.#buffers.giveBack(this.#filling);
    this.#buffers.giveBack(this.#taken);
  }

  #grow(neededBytes: number): void {
    const grown = this.#buffers.take(Math.max(neededBytes, 2 * this.#filling.length));
    grown.set(this.#filling.subarray(0, this.#filledBytes));
    this.#buffers.giveBack(this.#filling);
    this.#filling = grown;
  }
}
