import { once } from "node:events";
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { CutPoint } from "../../src/testing/power.js";
import { type NbdRequest, nbdRequests, refuse, replyTo } from "./nbd-protocol.js";

const SECTOR_BYTES = 512;

/** When the power is cut. */
export interface DiskCut {
  /** Number of a write of the machine, counted from 1 since the power was turned on. */
  write: number;
  point: CutPoint;
}

/** A write of the machine. */
export interface DiskWrite {
  offsetBytes: number;
  data: Buffer;
  /** False if the disk already had these bytes. */
  isChange: boolean;
}

/** A disk in a file. A machine uses it over NBD, so a test sees each write, and can cut the power at any of them. */
export class PowerDisk {
  readonly #server: Server;
  readonly #socketPath: string;
  readonly #file: number;
  readonly #sockets = new Set<Socket>();
  #cut: DiskCut | undefined;
  #onCut: () => void = () => {};
  #writes: DiskWrite[] = [];
  /** The disk refuses to write. */
  isReadOnly = false;

  private constructor(imagePath: string, socketPath: string) {
    this.#file = openSync(imagePath, "r+");
    this.#socketPath = socketPath;
    this.#server = createServer((socket) => void this.#serve(socket));
  }

  static async open(imagePath: string, socketPath: string): Promise<PowerDisk> {
    const disk = new PowerDisk(imagePath, socketPath);
    disk.#server.listen(socketPath);
    await once(disk.#server, "listening");
    return disk;
  }

  /** The disk as QEMU's `file=` names it. */
  get image(): string {
    return `nbd+unix:///?socket=${this.#socketPath}`;
  }

  get sizeBytes(): number {
    return fstatSync(this.#file).size;
  }

  /** The writes since the power was turned on. */
  get writes(): readonly DiskWrite[] {
    return this.#writes;
  }

  /** Counts the writes from 0. Resolves when the power is cut, after which the disk neither changes nor answers. */
  turnOn(cut?: DiskCut): Promise<void> {
    this.#writes = [];
    this.#cut = cut;
    return new Promise((resolve) => {
      this.#onCut = resolve;
    });
  }

  read(offsetBytes: number, sizeBytes: number): Buffer {
    const bytes = Buffer.alloc(sizeBytes);
    readSync(this.#file, bytes, 0, sizeBytes, offsetBytes);
    return bytes;
  }

  write(offsetBytes: number, bytes: Uint8Array): void {
    writeSync(this.#file, bytes, 0, bytes.length, offsetBytes);
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on("error", () => {}); // the machine's power was cut
    try {
      for await (const request of nbdRequests(socket, this.sizeBytes)) {
        if (request.type === "disconnect" || !this.#carryOut(request, socket)) break;
      }
    } finally {
      this.#sockets.delete(socket);
    }
  }

  /** Returns false if the power was cut. */
  #carryOut(request: NbdRequest, socket: Socket): boolean {
    const { type, offsetBytes, sizeBytes, data } = request;
    if (type === "write" && this.isReadOnly) {
      refuse(request, socket);
      return true;
    }
    if (type === "write") {
      const isChange = !this.read(offsetBytes, sizeBytes).equals(data);
      this.#writes.push({ offsetBytes, data: Buffer.from(data), isChange });
      if (this.#writes.length === this.#cut?.write) {
        this.write(offsetBytes, data.subarray(0, writtenBytes(sizeBytes, this.#cut.point)));
        this.#onCut();
        return false;
      }
      this.write(offsetBytes, data);
    }
    replyTo(request, socket, type === "read" ? this.read(offsetBytes, sizeBytes) : undefined);
    return true;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
    closeSync(this.#file);
  }
}

/** A disk writes sectors completely or not at all. */
function writtenBytes(sizeBytes: number, point: CutPoint): number {
  const half = Math.floor(sizeBytes / 2 / SECTOR_BYTES) * SECTOR_BYTES;
  return { before: 0, during: half, after: sizeBytes }[point];
}
