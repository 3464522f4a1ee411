import { open, rm } from "node:fs/promises";
import type { JournalId } from "./journal-files.js";
import { writeAt } from "./journal-folder.js";
import { encodeSnapshotEnd, encodeSnapshotHead, SegmentEncoder } from "./snapshot-files.js";

/** Size of a segment. Encoding and writing one takes the event loop a few milliseconds. */
const SEGMENT_BYTES = 256 * 1024;
/** Bytes after which the disk must catch up, so that the writes of the journal do not wait for the whole snapshot. */
const SYNC_BYTES = 8 * 1024 * 1024;

/** A snapshot was not finished because its writer was told to stop. */
class SnapshotCanceled extends Error {}

/**
 * Writes a snapshot to `path` with other work between its segments, and makes its bytes survive a power cut; the caller
 * renames it. Returns its size in bytes. If it rejects, the file is gone.
 *
 * @throws {SnapshotCanceled} soon after `signal` is aborted
 */
export async function writeSnapshot(
  path: string,
  id: JournalId,
  records: Iterable<string>,
  signal?: AbortSignal,
): Promise<number> {
  const file = await open(path, "w");
  let offset = 0;
  let syncedBytes = 0;
  const write = async (bytes: Buffer) => {
    await writeAt(file, bytes, offset);
    offset += bytes.length;
    if (offset - syncedBytes < SYNC_BYTES) return;
    await file.datasync();
    syncedBytes = offset;
  };
  try {
    await write(Buffer.from(encodeSnapshotHead(id)));
    const segment = new SegmentEncoder(2 * SEGMENT_BYTES);
    for (const record of records) {
      segment.add(record);
      if (segment.sizeBytes < SEGMENT_BYTES) continue;
      await write(segment.take(id, offset));
      if (signal?.aborted) throw new SnapshotCanceled("the snapshot was canceled");
    }
    if (segment.sizeBytes > 0) await write(segment.take(id, offset));
    await write(Buffer.from(encodeSnapshotEnd(id, offset)));
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
  await file.close();
  return offset;
}
