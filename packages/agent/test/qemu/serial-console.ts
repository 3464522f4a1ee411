import type { Readable, Writable } from "node:stream";

/** What a machine prints, and a way to type. */
export class SerialConsole {
  #text = "";
  #seenChars = 0;
  #errors = "";
  readonly #listeners = new Set<() => void>();
  readonly #output: Readable;
  readonly #input: Writable;

  constructor(output: Readable, input: Writable, errors: Readable) {
    this.#output = output;
    this.#input = input;
    errors.on("data", (piece: Buffer) => {
      this.#errors += piece.toString();
    });
    output.setEncoding("latin1");
    output.on("data", (piece: string) => {
      this.#text += piece.replaceAll("\r", "");
      for (const look of this.#listeners) look();
    });
    output.on("close", () => {
      for (const look of this.#listeners) look();
    });
    input.on("error", () => {}); // the power was cut
  }

  /** Everything since the power was turned on, with `\n` at the end of each line. */
  get text(): string {
    return this.#text;
  }

  /** What QEMU itself reported. */
  get errors(): string {
    return this.#errors;
  }

  type(text: string): void {
    this.#input.write(text);
  }

  /**
   * Resolves with the next match after the one that the last call returned. Rejects with the console's last lines if
   * the machine ends first, or prints no match within `timeoutMs`.
   */
  sees(pattern: RegExp, timeoutMs = 240_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      const fail = (why: string) => {
        end();
        reject(new Error(`${why} without ${pattern}; console:\n${this.#text.slice(-4000)}\n${this.#errors}`));
      };
      const look = () => {
        const match = pattern.exec(this.#text.slice(this.#seenChars));
        if (match !== null) {
          this.#seenChars += match.index + match[0].length;
          end();
          resolve(match);
        } else if (this.#output.closed) fail("the machine ended");
      };
      const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
      this.#listeners.add(look);
      look();
    });
  }
}
