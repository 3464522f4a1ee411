import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Exceeds any settings, key, certificate or list of things; a larger file is the wrong one. */
const SIZE_MAX_BYTES = 16 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
/** Limits the wait for the first byte from a pipe. */
const WRITER_MAX_MS = 3_000;
const LOOK_MS = 20;

/**
 * Reads all bytes of a small file, or of a pipe, as in `--config <(generate)`. Never opens a file in a way that blocks:
 * a FIFO without a writer would block a thread, and the process could not exit.
 * @throws {Error} with the system's message in one line; also for a folder, for endless input and for an empty pipe
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

/**
 * Reads a pipe. An empty read means that no writer has come yet if it precedes the first byte, and that the writer has
 * gone if it follows it.
 */
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

/** Reads once; `undefined` if there is a writer but no data yet. */
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
