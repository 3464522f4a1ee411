import type { Buffers } from "@fota/agent";

/** Buffers that no one has borrowed for this time are left to the garbage collector. */
const IDLE_MS = 5_000;

/**
 * Lends the same buffers to one update after the other. V8 collects all garbage after each 32 MiB or so of new buffers,
 * and that takes the longer, the more devices there are.
 */
export class ReusedBuffers implements Buffers {
  readonly #freeBySize = new Map<number, Uint8Array[]>();
  #idle: NodeJS.Timeout | undefined;

  take(sizeBytes: number): Uint8Array {
    return this.#freeBySize.get(sizeBytes)?.pop() ?? Buffer.allocUnsafeSlow(sizeBytes);
  }

  giveBack(buffer: Uint8Array): void {
    const free = this.#freeBySize.get(buffer.length);
    if (free === undefined) this.#freeBySize.set(buffer.length, [buffer]);
    else free.push(buffer);
    if (this.#idle === undefined) this.#idle = setTimeout(() => this.#freeBySize.clear(), IDLE_MS).unref();
    else this.#idle.refresh();
  }
}
