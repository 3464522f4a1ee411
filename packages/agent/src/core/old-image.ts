import { FotaError } from "@fota/shared";
import type { Slots } from "./ports.js";

/** Most bytes of the old image that are kept: operations of a patch read it in small steps, mostly forward. */
const WINDOW_BYTES_MAX = 16 * 1024;
/** The smallest window. */
const WINDOW_BYTES_MIN = 512;

/**
 * The image in a slot that a patch refers to. Only reads, through a window. A window has at most twice the bytes that
 * were used of the one before, so that a forged patch which jumps about does not make the device read for hours.
 */
export class OldImage {
  readonly slot: number;
  readonly #slots: Slots;
  readonly #sizeBytes: number;
  #window = new Uint8Array(0);
  #windowStart = 0;
  /** Bytes asked for since the window was read. */
  #usedBytes = 0;

  constructor(slots: Slots, slot: number, sizeBytes: number) {
    this.#slots = slots;
    this.slot = slot;
    this.#sizeBytes = sizeBytes;
  }

  /** Fills `bytes` from byte `offsetBytes` on. @throws {FotaError} SLOT_ACCESS outside the image; what the slot rejects with */
  async read(offsetBytes: number, bytes: Uint8Array): Promise<void> {
    const { length } = bytes;
    if (offsetBytes < 0 || length > this.#sizeBytes - offsetBytes) {
      throw new FotaError("SLOT_ACCESS", `the old image has no ${length} bytes at byte ${offsetBytes}`);
    }
    if (length >= WINDOW_BYTES_MAX) return await this.#slots.read?.(this.slot, offsetBytes, bytes);
    const skip = offsetBytes - this.#windowStart;
    if (skip < 0 || skip + length > this.#window.length) {
      const wanted = Math.max(WINDOW_BYTES_MIN, length, Math.min(WINDOW_BYTES_MAX, 2 * this.#usedBytes));
      const window = new Uint8Array(Math.min(wanted, this.#sizeBytes - offsetBytes));
      await this.#slots.read?.(this.slot, offsetBytes, window);
      this.#window = window;
      this.#windowStart = offsetBytes;
      this.#usedBytes = 0;
    }
    this.#usedBytes += length;
    const from = offsetBytes - this.#windowStart;
    bytes.set(this.#window.subarray(from, from + length));
  }
}
