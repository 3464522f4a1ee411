import { once } from "node:events";
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { type NbdRequest, nbdRequests, replyTo } from "../nbd-protocol.js";

const SECTOR_BYTES = 512;

/**
 * A disk in a file, with a write cache that a power cut loses. A write is durable after the next flush. At a power cut,
 * each sector that was not flushed keeps its old bytes or gets its new ones, at random. A machine uses it over NBD.
 */
export class VolatileDisk {
  readonly #file: number;
  readonly #socketPath: string;
  readonly #server: Server;
  readonly #random: () => number;
  /** Sectors in the write cache, by number. */
  readonly #cache = new Map<number, Buffer>();
  #served: Promise<void> = Promise.resolve();
  /** Sectors that power cuts have lost so far. */
  lostSectors = 0;

  private constructor(path: string, socketPath: string, random: () => number) {
    this.#file = openSync(path, "r+");
    this.#socketPath = socketPath;
    this.#random = random;
    this.#server = createServer((socket) => {
      this.#served = this.#serve(socket);
    });
  }

  /** Serves the file `path` on the socket `socketPath`. `random` decides what a power cut loses. */
  static async open(path: string, socketPath: string, random: () => number): Promise<VolatileDisk> {
    const disk = new VolatileDisk(path, socketPath, random);
    disk.#server.listen(socketPath);
    await once(disk.#server, "listening");
    return disk;
  }

  /** The disk as QEMU's `file=` names it. */
  get image(): string {
    return `nbd+unix:///?socket=${this.#socketPath}`;
  }

  /** Loses unflushed sectors. Call it when the machine has ended. */
  async cutPower(): Promise<void> {
    await this.#served;
    for (const [sector, bytes] of this.#cache) {
      if (this.#random() < 0.5) this.#store(sector, bytes);
      else this.lostSectors += 1;
    }
    this.#cache.clear();
  }

  async close(): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
    closeSync(this.#file);
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on("error", () => {}); // the power was cut
    try {
      for await (const request of nbdRequests(socket, fstatSync(this.#file).size)) {
        if (request.type === "disconnect") break;
        replyTo(request, socket, this.#carryOut(request));
      }
    } catch (error) {
      if (!socket.destroyed) throw error;
    }
    socket.destroy();
  }

  /** Returns what was read. */
  #carryOut({ type, offsetBytes, sizeBytes, data }: NbdRequest): Buffer | undefined {
    if (type === "read") return this.#read(offsetBytes, sizeBytes);
    if (type === "flush") this.#flush();
    for (let at = 0; at < data.length; at += SECTOR_BYTES) {
      this.#cache.set((offsetBytes + at) / SECTOR_BYTES, data.subarray(at, at + SECTOR_BYTES));
    }
    return undefined;
  }

  #read(offsetBytes: number, sizeBytes: number): Buffer {
    const bytes = Buffer.alloc(sizeBytes);
    readSync(this.#file, bytes, 0, sizeBytes, offsetBytes);
    for (let at = 0; this.#cache.size > 0 && at < sizeBytes; at += SECTOR_BYTES) {
      const cached = this.#cache.get((offsetBytes + at) / SECTOR_BYTES);
      if (cached !== undefined) bytes.set(cached, at);
    }
    return bytes;
  }

  #flush(): void {
    for (const [sector, bytes] of this.#cache) this.#store(sector, bytes);
    this.#cache.clear();
  }

  #store(sector: number, bytes: Buffer): void {
    writeSync(this.#file, bytes, 0, bytes.length, sector * SECTOR_BYTES);
  }
}
