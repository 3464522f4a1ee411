import { finished, type Readable } from "node:stream";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { BodyDecoder } from "./body-decoder.js";

/**
 * Decodes a body and joins its pieces in two pieces of memory, which it fills and yields in turns. Frees the memory of the
 * pieces, so they must have no other reader. Does not destroy the body if the caller stops early.
 *
 * The body flows, and each piece is copied when it arrives: a promise for each would take longer than the copy.
 *
 * @throws what the body fails with, also if it is destroyed before it has ended
 */
export async function* joinPieces(
  body: Readable,
  decoder: BodyDecoder,
  current: Buffer,
  other: Buffer,
): AsyncGenerator<Buffer> {
  const copier = new Copier(decoder, current);
  let hasEnded = false;
  let failure: unknown;
  let wake = () => {};
  const end = (error?: unknown) => {
    body.off("data", take); // what follows is dropped
    hasEnded = true;
    failure ??= error ?? undefined;
    wake();
  };
  const take = (piece: Buffer) => {
    if (copier.isFull) body.pause();
    try {
      copier.add(piece);
    } catch (error) {
      end(error);
    }
    if (copier.isFull) wake();
  };
  const stopWatching = finished(body, { writable: false }, end);
  body.on("data", take);
  try {
    for (;;) {
      if (!copier.isFull && !hasEnded) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (!copier.isFull) break;
      yield current;
      [current, other] = [other, current];
      copier.continueIn(current);
      if (!copier.isFull) body.resume();
    }
    if (failure !== undefined) throw failure;
    decoder.end();
    if (copier.filledBytes > 0) yield current.subarray(0, copier.filledBytes);
  } finally {
    body.off("data", take);
    stopWatching();
  }
}

/** Copies the decoded bytes of pieces into memory. */
class Copier {
  readonly #decoder: BodyDecoder;
  #memory: Buffer;
  #filledBytes = 0;
  /** Pieces that are not decoded yet, because the memory is full. */
  readonly #waiting: Buffer[] = [];
  /** Copies the rest of the piece that filled the memory. */
  #rest: Generator<void> | undefined;

  constructor(decoder: BodyDecoder, memory: Buffer) {
    this.#decoder = decoder;
    this.#memory = memory;
  }

  get filledBytes(): number {
    return this.#filledBytes;
  }

  get isFull(): boolean {
    return this.#filledBytes === this.#memory.length;
  }

  /** Copies a piece until the memory is full. The rest of it waits for `continueIn`. */
  add(piece: Buffer): void {
    this.#waiting.push(piece);
    if (!this.isFull) this.#copyWaiting();
  }

  continueIn(memory: Buffer): void {
    this.#memory = memory;
    this.#filledBytes = 0;
    this.#copyWaiting();
  }

  #copyWaiting(): void {
    for (;;) {
      if (this.#rest === undefined) {
        const piece = this.#waiting.shift();
        if (piece === undefined) return;
        this.#rest = this.#copy(piece);
      }
      if (this.#rest.next().done !== true) return;
      this.#rest = undefined;
    }
  }

  /** Yields when the memory is full. */
  *#copy(piece: Buffer): Generator<void> {
    for (const bytes of this.#decoder.decode(piece)) {
      for (let from = 0; from < bytes.length; ) {
        const copied = bytes.copy(this.#memory, this.#filledBytes, from);
        from += copied;
        this.#filledBytes += copied;
        if (this.isFull) yield;
      }
    }
    free(piece);
  }
}

let closedPort: MessagePort | undefined;

/**
 * Frees the memory of a piece now, unless it shares that with others: takes 1 µs, while garbage of 64 KiB takes 20. A closed
 * port frees what is transferred to it. Source: HTML Standard, "message port post message steps".
 */
function free(piece: Buffer): void {
  if (piece.buffer.byteLength !== piece.length) return;
  if (closedPort === undefined) {
    closedPort = new MessageChannel().port1;
    closedPort.close();
  }
  closedPort.postMessage(undefined, [piece.buffer as ArrayBuffer]);
}
