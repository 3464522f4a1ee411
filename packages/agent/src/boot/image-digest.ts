import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import type { ConfirmedImage, SavedBootRecord } from "./boot-record-format.js";
import { hashFile } from "./hash-file.js";
import { slotPath } from "./slot-files.js";

/**
 * Reads the image in `slot` and returns its size and digest. Returns `undefined` if the slot is not a file, is empty,
 * or cannot be read. A block device has no digest: it is longer than its image, and a mounted file system changes it.
 */
export async function digestImage(
  dir: string,
  slot: number,
): Promise<Omit<ConfirmedImage, "slot"> | undefined> {
  const path = slotPath(dir, slot);
  try {
    const found = await stat(path);
    if (!found.isFile() || found.size === 0) return undefined;
    const sha256 = createHash("sha256");
    const handle = await open(path, "r");
    try {
      const sizeBytes = await hashFile(handle, Number.POSITIVE_INFINITY, [sha256]);
      return { sizeBytes, sha256: sha256.digest("hex") };
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/**
 * Tells whether `slot` still holds the image that was confirmed in it; `undefined` if the record has no digest of it.
 */
export async function digestHolds(
  dir: string,
  { confirmed = [] }: SavedBootRecord,
  slot: number,
): Promise<boolean | undefined> {
  const expected = confirmed.find((image) => image.slot === slot);
  if (expected === undefined) return undefined;
  const found = await digestImage(dir, slot);
  return found?.sizeBytes === expected.sizeBytes && found.sha256 === expected.sha256;
}
