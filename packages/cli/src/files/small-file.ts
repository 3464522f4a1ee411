import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** More than any settings, key, certificate or list of things takes: what is longer is another file. */
const SIZE_MAX_BYTES = 16 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
/** A pipe that nobody has begun to write to within that time is not waited for. */
const WRITER_MAX_MS = 3_000;
const LOOK_MS = 20;

/**
 * Reads all bytes of a small file, also of a pipe, as `--config <(generate)` names one. Never opens in a way that waits: a
 * FIFO without a writer would hold a thread of the process, which then could not end.
 * @throws {Error} what the system says, in one line; also for a folder, for what never ends and for an empty pipe
 */
export async function readSmallFile(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    return found.isFIFO() ? await readPipe(file, path) : await readWhole(file, path);
  } finally {
    await file.close();
  }
}

async function readWhole(file: FileHandle, path: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE_BYTES), 0, PIECE_BYTES, null);
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, bytesRead));
    size = checkedSize(size + bytesRead, path);
  }
}

/** Nothing to read means, before the first byte, that the writer has not come yet; after it, that it has gone. */
async function readPipe(file: FileHandle, path: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const noWriterAt = performance.now() + WRITER_MAX_MS;
  let size = 0;
  let isOpen = false;
  for (;;) {
    const piece = Buffer.alloc(PIECE_BYTES);
    const count = await readNow(file, piece);
    if (count === 0 && size > 0) return Buffer.concat(pieces);
    isOpen ||= count === undefined;
    if (count === 0 && isOpen) return Buffer.concat(pieces);
    if (count === 0 && performance.now() > noWriterAt)
      throw new Error(`no process writes to the pipe ${path}`);
    if (count === undefined || count === 0) {
      await sleep(LOOK_MS);
      continue;
    }
    pieces.push(piece.subarray(0, count));
    size = checkedSize(size + count, path);
  }
}

/** `undefined`: there is a writer, but nothing from it now. */
async function readNow(file: FileHandle, into: Buffer): Promise<number | undefined> {
  try {
    return (await file.read(into, 0, into.length, null)).bytesRead;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
    throw error;
  }
}

function checkedSize(size: number, path: string): number {
  if (size <= SIZE_MAX_BYTES) return size;
  throw new Error(`${path} has more than ${SIZE_MAX_BYTES / 1024 / 1024} MiB`);
}
