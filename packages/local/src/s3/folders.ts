import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** The folders of a store. They are on one file system, so that renames between them are atomic. */
export interface Folders {
  buckets: string;
  uploads: string;
  /** Unfinished files and folders. Emptied at the start. */
  temp: string;
  /** Whether acknowledged data must survive a power cut. If not, it is lost with the process, and nothing is synced. */
  durable: boolean;
}

/** Returns an unused path in `temp`. */
export function tempPath(folders: Folders): string {
  return join(folders.temp, randomBytes(16).toString("hex"));
}

/** Makes the names in a folder durable, if the store is. */
export async function syncFolder({ durable }: Folders, path: string): Promise<void> {
  if (!durable) return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
