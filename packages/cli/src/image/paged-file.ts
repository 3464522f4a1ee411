import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { FotaError } from "@fota/shared";
import type { OpenImage } from "./image-bytes.js";

const PAGE_BYTES = 65_536;

/** Reads an open file at random places, with the pages that were used last in memory. */
export class PagedFile implements OpenImage {
  readonly sizeBytes: number;
  readonly #file: FileHandle;
  readonly #pagesMax: number;
  /** By page number, the one that was used last at the end. */
  readonly #pages = new Map<number, Uint8Array>();
  #last = -1;
  #lastPage: Uint8Array = new Uint8Array(0);

  /** Opens a file of `sizeBytes` bytes. Keeps up to `memoryBytes` bytes of it in memory. */
  static async open(path: string, sizeBytes: number, memoryBytes: number): Promise<PagedFile> {
    return new PagedFile(await open(path), sizeBytes, memoryBytes);
  }

  private constructor(file: FileHandle, sizeBytes: number, memoryBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
    this.#pagesMax = Math.max(1, Math.floor(memoryBytes / PAGE_BYTES));
  }

  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    const endBytes = Math.min(offsetBytes + lengthBytes, this.sizeBytes);
    const start = offsetBytes % PAGE_BYTES;
    const page = this.#pageAt(offsetBytes);
    if (start + endBytes - offsetBytes <= page.length) {
      return page.subarray(start, start + endBytes - offsetBytes);
    }
    const bytes = new Uint8Array(endBytes - offsetBytes);
    for (let done = 0; done < bytes.length; ) {
      const at = offsetBytes + done;
      const piece = this.#pageAt(at).subarray(at % PAGE_BYTES, (at % PAGE_BYTES) + bytes.length - done);
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }

  pieceAt(offsetBytes: number): Uint8Array {
    return this.#pageAt(offsetBytes).subarray(offsetBytes % PAGE_BYTES);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #pageAt(offsetBytes: number): Uint8Array {
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
      const count = readSync(this.#file.fd, page, done, page.length - done, start + done);
      if (count === 0) {
        throw new FotaError(
          "IMAGE_CHANGED",
          `an image of ${this.sizeBytes} bytes ends at byte ${start + done}`,
          {
            hint: "let the build finish, then run it again",
          },
        );
      }
      done += count;
    }
    return page;
  }
}
