/** Gets pieces of output, and hands on its lines. */
export interface LineReader {
  push(text: string): void;
  /** Hands on a last line that has no end. May be called twice. */
  end(): void;
}

const LINE_MAX_LENGTH = 2_000;

/**
 * Returns a reader of lines that holds little, however much is written: a long line is cut. Of a line that a carriage
 * return overwrites, such as a progress bar, only the last state counts.
 */
export function lineReader(onLine: (line: string) => void): LineReader {
  let line = "";
  const hand = () => {
    onLine(line.split("\r").filter(Boolean).at(-1) ?? "");
    line = "";
  };
  return {
    push(text) {
      const [first = "", ...others] = text.split("\n");
      line = (line + first).slice(0, LINE_MAX_LENGTH);
      for (const other of others) {
        hand();
        line = other.slice(0, LINE_MAX_LENGTH);
      }
    },
    end() {
      if (line !== "") hand();
    },
  };
}
