import type { ClientRequest, IncomingMessage } from "node:http";
import type { OnReadOpts, Socket } from "node:net";
import type { Buffers } from "../core/ports.js";
import { ownBuffers } from "./own-buffers.js";
import { ReceiveBuffer } from "./receive-buffer.js";

/**
 * Receives an image without new memory for each piece. node:http allocates every byte of a body twice, and collecting
 * that garbage takes as much processor time as the digests of the image. So the socket reads into one buffer (`onread`,
 * an option of net.Socket and tls.connect). node:http parses the head of the response; the body is taken from the
 * socket itself.
 */
export class DirectBody {
  /** Option of the socket. http.request and https.request pass it on. */
  readonly onread: OnReadOpts;
  readonly #readBytes: number;
  readonly #received: ReceiveBuffer;
  readonly #buffers: Buffers;
  readonly #readBuffer: Uint8Array;
  #socket: Socket | undefined;
  #response: IncomingMessage | undefined;
  /** Bytes of the body that have not arrived yet. */
  #missingBytes = 0;
  #isPaused = false;
  /** How many still use the buffers: the reader, and the socket once there is one. */
  #users = 1;
  #error: Error | undefined;
  /** Resumes the reader that waits in `next`. */
  #wake: (() => void) | undefined;

  /**
   * `readBytes` is the most that the socket reads at once, and `blockBytes` the most that waits for the reader, who still
   * has another block: a multiple of it.
   */
  constructor(readBytes: number, blockBytes: number, buffers = ownBuffers) {
    this.#readBytes = readBytes;
    this.#buffers = buffers;
    this.#received = new ReceiveBuffer(blockBytes, buffers);
    this.#readBuffer = buffers.take(readBytes);
    const { buffer, byteOffset } = this.#readBuffer;
    this.onread = {
      buffer: this.#readBuffer,
      callback: (count) => {
        this.#onRead(Buffer.from(buffer, byteOffset, count)); // a view; node:http needs a Buffer
        return true; // to pause, #limit calls socket.pause()
      },
    };
  }

  /** Call it before `request` connects: node:http sees the bytes of the socket only through this object. */
  attach(request: ClientRequest): void {
    request.once("socket", (socket) => {
      this.#users += 1;
      this.#socket = socket;
      socket.once("close", () => this.#release());
    });
  }

  /**
   * Call it once: when no more bytes are read and those of the last `next` are not used, or if there is no response. A
   * request without a socket does not get one after that.
   */
  endReading(): void {
    this.#release();
  }

  /** Gives the buffers back when neither the socket nor the reader uses them. */
  #release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#received.close();
    this.#buffers.giveBack(this.#readBuffer);
  }

  /**
   * Takes over the body of `response` if it is an image of known length. Otherwise returns false, and the body comes
   * from `response`: do not call `next` and `endReading` then. Call it in the listener of "response", before node:http
   * parses what follows the head.
   */
  takeOver(response: IncomingMessage): boolean {
    const { statusCode, headers } = response;
    const sizeBytes = Number(headers["content-length"]);
    const isImage = (statusCode === 200 || statusCode === 206) && headers["transfer-encoding"] === undefined;
    if (!isImage || !Number.isSafeInteger(sizeBytes)) {
      this.#release();
      return false;
    }
    this.#response = response;
    this.#missingBytes = sizeBytes;
    response.once("error", (error) => this.#fail(error));
    response.once("close", () => this.#fail(new Error("the connection closed within the body")));
    return true;
  }

  /** All bytes of the body have arrived: what then happens to the connection does not matter. */
  get isWhole(): boolean {
    return this.#missingBytes === 0;
  }

  /**
   * Returns what has arrived, or waits for the next bytes; `undefined` after the last. The array is valid until the
   * next call. Rejects if the connection breaks, after the bytes that came before.
   */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const bytes = this.#received.take();
      if (this.#isPaused) {
        this.#isPaused = false;
        this.#socket?.resume();
      }
      if (bytes !== undefined) return bytes;
      if (this.#missingBytes === 0) return undefined;
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #onRead(bytes: Buffer): void {
    if (this.#response !== undefined) {
      this.#add(bytes);
    } else {
      this.#socket?.emit("data", bytes);
      // `emit` may have called `takeOver`. node:http has then parsed the rest of `bytes` as the begin of the body.
      this.#addParsed(this.#response);
    }
  }

  #addParsed(response: IncomingMessage | undefined): void {
    for (let piece = response?.read(); piece; piece = response?.read()) this.#add(piece);
  }

  #add(bytes: Buffer): void {
    const piece = bytes.subarray(0, this.#missingBytes);
    this.#missingBytes -= piece.length;
    this.#received.add(piece);
    if (this.#missingBytes > 0 && this.#received.freeBytes < this.#readBytes) {
      this.#isPaused = true; // TLS still passes on the records that it has decrypted
      this.#socket?.pause();
    }
    // Not at once: TLS passes on each record by itself, and the reader should find all that have arrived.
    if (this.#wake !== undefined) setImmediate(this.#wake);
    this.#wake = undefined;
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#wake?.();
    this.#wake = undefined;
  }
}
