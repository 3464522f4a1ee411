import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** The folders of a store. All are on one file system, so that a rename between them is atomic. */
export interface Folders {
  buckets: string;
  uploads: string;
  /** What is not yet visible. Emptied at start. */
  temp: string;
  /** What is acknowledged must survive a power cut; else all of it ends with the process, and no disk is waited for. */
  durable: boolean;
}

/** A path in `temp` that nothing has. */
export function tempPath(folders: Folders): string {
  return join(folders.temp, randomBytes(16).toString("hex"));
}

/** Makes the names in a folder durable, where that is wanted. */
export async function syncFolder({ durable }: Folders, path: string): Promise<void> {
  if (!durable) return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
