import type { Socket } from "node:net";

/** A request of a client (NBD, doc/proto.md, "Transmission phase"). */
export interface NbdRequest {
  type: "read" | "write" | "flush" | "disconnect";
  handle: Buffer;
  offsetBytes: number;
  sizeBytes: number;
  /** The bytes to write. */
  data: Buffer;
}

const TYPES = ["read", "write", "disconnect", "flush"] as const;
const OPTION = { exportName: 1, go: 7 } as const;
const REPLY = { ack: 1, info: 3, unsupported: 0x8000_0001 } as const;
/** Has flags; accepts flush requests. */
const TRANSMISSION_FLAGS = 1 | 4;
/** Fixed newstyle negotiation, without padding. */
const HANDSHAKE_FLAGS = 1 | 2;
const OPTION_MAGIC = Buffer.from("IHAVEOPT");
const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
const REPLY_MAGIC = 0x67446698;
const ERROR_IO = 5;

/** Reads exact numbers of bytes from a connection. */
class Reader {
  readonly #pieces: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#pieces = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Returns `undefined` at the end of the connection. */
  async take(sizeBytes: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [this.#held];
    let heldBytes = this.#held.length;
    while (heldBytes < sizeBytes) {
      const { value, done } = await this.#pieces.next();
      if (done === true) return undefined;
      pieces.push(value);
      heldBytes += value.length;
    }
    const all = Buffer.concat(pieces);
    this.#held = all.subarray(sizeBytes);
    return all.subarray(0, sizeBytes);
  }
}

/** Serves one client: negotiates an export of `sizeBytes`, then yields its requests, one at a time, in order. */
export async function* nbdRequests(socket: Socket, sizeBytes: number): AsyncGenerator<NbdRequest> {
  const reader = new Reader(socket);
  if (!(await negotiate(socket, reader, sizeBytes))) return;
  for (;;) {
    const head = await reader.take(28);
    if (head === undefined) return;
    const type = TYPES[head.readUInt16BE(6)];
    if (type === undefined) throw new Error(`NBD request of type ${head.readUInt16BE(6)}`);
    const request = {
      type,
      handle: head.subarray(8, 16),
      offsetBytes: Number(head.readBigUInt64BE(16)),
      sizeBytes: head.readUInt32BE(24),
    };
    const data = type === "write" ? await reader.take(request.sizeBytes) : Buffer.alloc(0);
    if (data === undefined) return;
    yield { ...request, data };
  }
}

/** Answers a request, with the bytes that were read. */
export function replyTo({ handle }: NbdRequest, socket: Socket, data: Buffer = Buffer.alloc(0)): void {
  socket.write(Buffer.concat([replyHead(handle, 0), data]));
}

/** Answers a request with an error of the disk. */
export function refuse({ handle }: NbdRequest, socket: Socket): void {
  socket.write(replyHead(handle, ERROR_IO));
}

function replyHead(handle: Buffer, error: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(REPLY_MAGIC);
  head.writeUInt32BE(error, 4);
  handle.copy(head, 8);
  return head;
}

/** Returns false if the client leaves. */
async function negotiate(socket: Socket, reader: Reader, sizeBytes: number): Promise<boolean> {
  const greeting = Buffer.alloc(2);
  greeting.writeUInt16BE(HANDSHAKE_FLAGS);
  socket.write(Buffer.concat([Buffer.from("NBDMAGIC"), OPTION_MAGIC, greeting]));
  await reader.take(4);
  for (;;) {
    const head = await reader.take(16);
    if (head === undefined) return false;
    const option = head.readUInt32BE(8);
    await reader.take(head.readUInt32BE(12));
    const exported = Buffer.alloc(10);
    exported.writeBigUInt64BE(BigInt(sizeBytes));
    exported.writeUInt16BE(TRANSMISSION_FLAGS, 8);
    if (option === OPTION.exportName) {
      socket.write(exported);
      return true;
    }
    if (option === OPTION.go) {
      replyToOption(socket, option, REPLY.info, Buffer.concat([Buffer.alloc(2), exported]));
      replyToOption(socket, option, REPLY.ack);
      return true;
    }
    replyToOption(socket, option, REPLY.unsupported);
  }
}

function replyToOption(socket: Socket, option: number, reply: number, data: Buffer = Buffer.alloc(0)): void {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(OPTION_REPLY_MAGIC);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(reply, 12);
  head.writeUInt32BE(data.length, 16);
  socket.write(Buffer.concat([head, data]));
}
