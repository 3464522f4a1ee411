import { close, open, read } from "node:fs";
import { promisify } from "node:util";

const [openFile, readFile, closeFile] = [promisify(open), promisify(read), promisify(close)];

/** Bytes per piece of an iteration: with 64 KiB, the reads would be slower than the network. */
const PIECE_BYTES = 1024 * 1024;

/** Some bytes of one file. */
export interface FileBytes {
  /** Its path, or the descriptor of the open file, which is closed after the last byte. */
  file: string | number;
  offsetBytes: number;
  lengthBytes: number;
}

/** Reads bytes of files, one file after the other. Must be closed. */
export class StoredBytes implements AsyncIterable<Buffer> {
  /** The first is being read. */
  readonly #files: FileBytes[];
  readonly #onClose: () => void;
  #isClosed = false;

  constructor(files: readonly FileBytes[], onClose: () => void = () => {}) {
    this.#files = files.map((each) => ({ ...each }));
    this.#onClose = onClose;
  }

  /** Reads the next bytes into `memory`. Resolves to their number, which is 0 only after the last. One call at a time. */
  async read(memory: Buffer): Promise<number> {
    const current = await this.#current();
    if (current === undefined) return 0;
    if (typeof current.file === "string") current.file = await openFile(current.file, "r");
    const wanted = Math.min(memory.length, current.lengthBytes);
    const { bytesRead } = await readFile(current.file, memory, 0, wanted, current.offsetBytes);
    if (bytesRead === 0) throw new Error(`the file of an object ends ${current.lengthBytes} bytes too early`);
    current.offsetBytes += bytesRead;
    current.lengthBytes -= bytesRead;
    return bytesRead;
  }

  /** Returns the file with the next byte, and closes those before it. */
  async #current(): Promise<FileBytes | undefined> {
    for (;;) {
      const [current] = this.#files;
      if (current === undefined || current.lengthBytes > 0) return current;
      this.#files.shift();
      if (typeof current.file === "number") await closeFile(current.file);
    }
  }

  /** Closes the files; does nothing the second time. Not while `read` runs. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const open = this.#files.splice(0).flatMap(({ file }) => (typeof file === "number" ? [file] : []));
    await Promise.all(open.map((fd) => closeFile(fd)));
    this.#onClose();
  }

  /** Yields all bytes, each piece in memory of its own, and closes the files. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const current = await this.#current();
        if (current === undefined) return;
        const memory = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, current.lengthBytes));
        yield memory.subarray(0, await this.read(memory));
      }
    } finally {
      await this.close();
    }
  }
}
