import { LINE_MAX_BYTES } from "./protocol.js";

/** Reads a stream of bytes as lines first, then as what follows them. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Returns the next line without its end; `undefined` at the end of the stream. Throws if it is too long. */
  async line(): Promise<string | undefined> {
    for (let from = 0; ; ) {
      const end = this.#rest.indexOf(10, from);
      if (end >= 0) {
        const line = Buffer.from(this.#rest.subarray(0, end)).toString("utf8");
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      if (this.#rest.length > LINE_MAX_BYTES)
        throw new Error(`a line is longer than ${LINE_MAX_BYTES} bytes`);
      from = this.#rest.length;
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#rest = Buffer.concat([this.#rest, next.value]);
    }
  }

  /** Yields the next `sizeBytes` bytes. Throws if the stream ends before. */
  async *bytes(sizeBytes: number): AsyncGenerator<Uint8Array> {
    let left = sizeBytes;
    while (left > 0) {
      let piece = this.#rest;
      this.#rest = new Uint8Array();
      if (piece.length === 0) {
        const next = await this.#source.next();
        if (next.done === true) throw new Error(`the stream ended ${left} bytes early`);
        piece = next.value;
      }
      this.#rest = piece.subarray(left);
      piece = piece.subarray(0, left);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }
}
