/**
 * Files that hold bytes and, behind them, a record that describes these bytes. Bytes and record become visible with
 * one rename and can never disagree; a reader that has the file open keeps both when the name is given to another.
 *
 * Layout: the bytes, the record as JSON, the JSON's CRC-32 and its length in 4 bytes each (big-endian), 8 bytes of magic.
 * The first release wrote no CRC-32, and another magic.
 */
import { constants } from "node:fs";
import { copyFile, type FileHandle, open, rm } from "node:fs/promises";
import { crc32 } from "node:zlib";

/** Far from the first one in all bytes but the first: no small damage makes one look like the other. */
const MAGIC = "fSEALED3";
const FOOTER_BYTES = 8 + MAGIC.length;
const FIRST_MAGIC = "fotaobj2";
const FIRST_FOOTER_BYTES = 4 + FIRST_MAGIC.length;
/** Bytes written at once. TLS and HTTP hand over 16 to 64 KiB; a write of each is what makes uploads slow. */
const WRITE_BYTES = 1024 * 1024;

/** The first bytes of a file, such as those of a sealed one. */
export interface FileBytes {
  path: string;
  sizeBytes: number;
}

/** What to store: as it comes in, or from files, one after the other. */
export type ByteSource = AsyncIterable<Uint8Array> | readonly FileBytes[];

/**
 * Writes `bytes` to the new file `path`, then the record that `recordOf` makes when the last byte has come. On the disk
 * when it resolves, if it is to be `durable`; when it rejects, as it does with what `bytes` or `recordOf` throw, the file
 * is gone.
 */
export async function writeSealed<T>(
  path: string,
  bytes: ByteSource,
  recordOf: (sizeBytes: number) => T,
  durable: boolean,
): Promise<T> {
  const file = await open(path, "wx");
  try {
    const sizeBytes =
      Symbol.asyncIterator in bytes ? await writeAll(file, bytes) : await copyAll(file, bytes);
    const record = recordOf(sizeBytes);
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

/** Copies the bytes of the sealed file `from` to the new file `path` and puts another record behind them. */
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

/** Writes the record at `position`, or behind what was written before. */
async function writeSeal(file: FileHandle, record: unknown, position: number | null = null): Promise<void> {
  const json = Buffer.from(JSON.stringify(record));
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeUInt32BE(crc32(json), 0);
  footer.writeUInt32BE(json.length, 4);
  footer.write(MAGIC, 8, "latin1");
  await writeBatch(file, [json, footer], position);
}

/** What stands behind the bytes of a sealed file. */
export interface Seal {
  record: unknown;
  /** Of the bytes in front of the record. */
  sizeBytes: number;
  /** The first release wrote it: nothing in it can be checked. */
  isUnchecked: boolean;
}

/** The seal of a file; `undefined` where it is not there as it was written. The bytes in front of it are not read. */
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

/** Writes one batch while the next comes in. Resolves to the number of bytes. */
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
      writing.catch(() => undefined); // seen by the next await; until then it must not count as unhandled
      batch = [];
      batchBytes = 0;
    }
  } finally {
    await writing; // the caller closes the file next
  }
  if (batch.length > 0) await writeBatch(file, batch);
  return sizeBytes;
}

/** Copies through one buffer: a new one for each piece, as a stream has, takes three times as long. */
async function copyAll(file: FileHandle, sources: readonly FileBytes[]): Promise<number> {
  const buffer = Buffer.allocUnsafeSlow(WRITE_BYTES);
  let copiedBytes = 0;
  for (const { path, sizeBytes } of sources) {
    const source = await open(path, "r");
    try {
      for (let at = 0; at < sizeBytes; ) {
        const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, sizeBytes - at), at);
        if (bytesRead === 0) throw new Error(`${path} ends after ${at} of ${sizeBytes} bytes`);
        await writeBatch(file, [buffer.subarray(0, bytesRead)]);
        at += bytesRead;
      }
    } finally {
      await source.close();
    }
    copiedBytes += sizeBytes;
  }
  return copiedBytes;
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
