/**
 * Sealed files: bytes, followed by a record that describes them. Bytes and record become visible with one rename, so they
 * always match; a reader that has the file open keeps both if another file gets the name.
 *
 * Layout: the bytes, the record as JSON, the JSON's CRC-32 and length (4 bytes each, big-endian), 8 bytes of magic. The
 * first release wrote no CRC-32 and a different magic.
 */
import { constants } from "node:fs";
import { copyFile, type FileHandle, open, rm } from "node:fs/promises";
import { crc32 } from "node:zlib";

/**
 * Differs from the magic of the first release in all bytes except one, so that damage cannot turn one into the other.
 */
const MAGIC = "fSEALED3";
const FOOTER_BYTES = 8 + MAGIC.length;
const FIRST_MAGIC = "fotaobj2";
const FIRST_FOOTER_BYTES = 4 + FIRST_MAGIC.length;
/**
 * Bytes per write. TLS and HTTP deliver 16 to 64 KiB at a time; writing each piece on its own would slow down uploads.
 */
export const WRITE_BYTES = 1024 * 1024;

/**
 * Writes `bytes` to the new file `path`, then the record that `makeRecord` returns after the last byte. Pieces of `WRITE_BYTES`
 * may change when the one after the next is requested, smaller ones when the promise settles. If it is
 * `durable`, the file is on the disk when the promise resolves. Rejects with what `bytes` or `makeRecord` throw; then
 * there is no file.
 */
export async function writeSealed<T>(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  makeRecord: (sizeBytes: number) => T,
  durable: boolean,
): Promise<T> {
  const file = await open(path, "wx");
  try {
    const record = makeRecord(await writeAll(file, bytes));
    await writeSeal(file, record);
    if (durable) await file.sync();
    return record;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Copies the bytes of the sealed file `from` to the new file `path`, followed by another record. */
export async function reseal(
  from: string,
  path: string,
  sizeBytes: number,
  record: unknown,
  durable: boolean,
): Promise<void> {
  try {
    await copyFile(from, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const file = await open(path, "r+");
    try {
      await file.truncate(sizeBytes);
      await writeSeal(file, record, sizeBytes);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Writes the record at `position`, or after what was written before. */
async function writeSeal(file: FileHandle, record: unknown, position: number | null = null): Promise<void> {
  const json = Buffer.from(JSON.stringify(record));
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeUInt32BE(crc32(json), 0);
  footer.writeUInt32BE(json.length, 4);
  footer.write(MAGIC, 8, "latin1");
  await writeBatch(file, [json, footer], position);
}

/** The seal that follows the bytes of a sealed file. */
export interface Seal {
  record: unknown;
  /** Number of bytes before the record. */
  sizeBytes: number;
  /** Whether the first release wrote it, so that it has no checksum. */
  isUnchecked: boolean;
}

/** Reads the seal of a file; returns `undefined` if it is missing or damaged. Does not read the bytes before it. */
export async function readSeal(path: string): Promise<Seal | undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const footer = Buffer.alloc(FOOTER_BYTES);
    const tailBytes = Math.min(size, FOOTER_BYTES);
    await file.read(footer, FOOTER_BYTES - tailBytes, tailBytes, size - tailBytes);
    const magic = footer.toString("latin1", 8);
    if (magic !== MAGIC && magic !== FIRST_MAGIC) return undefined;
    const isUnchecked = magic === FIRST_MAGIC;
    const jsonBytes = footer.readUInt32BE(4);
    const sizeBytes = size - jsonBytes - (isUnchecked ? FIRST_FOOTER_BYTES : FOOTER_BYTES);
    if (sizeBytes < 0) return undefined;
    const json = Buffer.alloc(jsonBytes);
    await file.read(json, 0, jsonBytes, sizeBytes);
    if (!isUnchecked && crc32(json) !== footer.readUInt32BE(0)) return undefined;
    return { record: JSON.parse(json.toString()), sizeBytes, isUnchecked };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

/** Writes one batch while the next arrives. Resolves to the number of bytes. */
async function writeAll(file: FileHandle, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let sizeBytes = 0;
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const piece of bytes) {
      batch.push(piece);
      batchBytes += piece.length;
      sizeBytes += piece.length;
      if (batchBytes < WRITE_BYTES) continue;
      await writing;
      writing = writeBatch(file, batch);
      writing.catch(() => undefined); // the next await reports it; until then it must not count as unhandled
      batch = [];
      batchBytes = 0;
    }
  } finally {
    await writing; // the caller closes the file next
  }
  if (batch.length > 0) await writeBatch(file, batch);
  return sizeBytes;
}

async function writeBatch(
  file: FileHandle,
  batch: Uint8Array[],
  position: number | null = null,
): Promise<void> {
  const wanted = batch.reduce((sum, piece) => sum + piece.length, 0);
  const { bytesWritten } = await file.writev(batch, position ?? undefined);
  if (bytesWritten !== wanted) throw new Error(`wrote ${bytesWritten} of ${wanted} bytes: is the disk full?`);
}
