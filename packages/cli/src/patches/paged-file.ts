import { readSync } from "node:fs";
import type { ImageBytes } from "./segment.js";

const PAGE_BYTES = 65_536;

/** Reads an open file at random places, with the pages that were used last in memory. */
export class PagedFile implements ImageBytes {
  readonly sizeBytes: number;
  readonly #file: number;
  readonly #pagesMax: number;
  /** By page number, the one that was used last at the end. */
  readonly #pages = new Map<number, Uint8Array>();
  #last = -1;
  #lastPage: Uint8Array = new Uint8Array(0);

  /** `file` is a file descriptor, and stays open. Keeps up to `memoryBytes` bytes in memory. */
  constructor(file: number, sizeBytes: number, memoryBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
    this.#pagesMax = Math.max(1, Math.floor(memoryBytes / PAGE_BYTES));
  }

  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    const endBytes = Math.min(offsetBytes + lengthBytes, this.sizeBytes);
    const start = offsetBytes % PAGE_BYTES;
    const page = this.pageAt(offsetBytes);
    if (start + endBytes - offsetBytes <= page.length) {
      return page.subarray(start, start + endBytes - offsetBytes);
    }
    const bytes = new Uint8Array(endBytes - offsetBytes);
    for (let done = 0; done < bytes.length; ) {
      const at = offsetBytes + done;
      const piece = this.pageAt(at).subarray(at % PAGE_BYTES, (at % PAGE_BYTES) + bytes.length - done);
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }

  /** Returns the rest of the page from `offsetBytes` on: at least one byte inside the file. */
  pieceAt(offsetBytes: number): Uint8Array {
    return this.pageAt(offsetBytes).subarray(offsetBytes % PAGE_BYTES);
  }

  /** Returns the page that holds a byte. */
  pageAt(offsetBytes: number): Uint8Array {
    const number = Math.floor(offsetBytes / PAGE_BYTES);
    if (number === this.#last) return this.#lastPage;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = this.#load(number);
      const [oldest] = this.#pages.keys();
      if (this.#pages.size >= this.#pagesMax && oldest !== undefined) this.#pages.delete(oldest);
    } else this.#pages.delete(number);
    this.#pages.set(number, page);
    this.#last = number;
    this.#lastPage = page;
    return page;
  }

  #load(number: number): Uint8Array {
    const start = number * PAGE_BYTES;
    const page = new Uint8Array(Math.min(PAGE_BYTES, this.sizeBytes - start));
    for (let done = 0; done < page.length; ) {
      const count = readSync(this.#file, page, done, page.length - done, start + done);
      if (count === 0) throw new Error(`the file ends at byte ${start + done}`);
      done += count;
    }
    return page;
  }
}
