/** Bytes that are kept of the start and of the end of an output. */
const KEPT_BYTES = 16 * 1024;

/** Longest line for people. AWS IoT takes 1,024 characters in a status detail. */
export const LINE_MAX_CHARS = 1_000;

/** Keeps the start and the end of an output, however long it is. */
export class LimitedOutput {
  #start = Buffer.alloc(0);
  #end = Buffer.alloc(0);

  add(piece: Buffer): void {
    const free = KEPT_BYTES - this.#start.length;
    if (free > 0) this.#start = Buffer.concat([this.#start, piece.subarray(0, free)]);
    this.#end = Buffer.concat([this.#end, piece.subarray(-KEPT_BYTES)]).subarray(-KEPT_BYTES);
  }

  /** Returns the first line that is not empty, for a log or a report: cut to 1,000 characters. */
  firstLine(): string {
    return (linesOf(this.#start)[0] ?? "").slice(0, LINE_MAX_CHARS);
  }

  /** Returns the last line that is not empty, as far as it was kept. */
  lastLine(): string {
    return linesOf(this.#end).at(-1) ?? "";
  }

  /** Returns the end of the output. */
  end(): string {
    return this.#end.toString().trim();
  }
}

function linesOf(bytes: Buffer): string[] {
  return bytes
    .toString()
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
