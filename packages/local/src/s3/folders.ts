import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** The folders of a store. All are on one file system, so that a rename between them is atomic. */
export interface Folders {
  buckets: string;
  uploads: string;
  /** What is not yet visible. Emptied at start. */
  temp: string;
}

/** A path in `temp` that nothing has. */
export function tempPath(folders: Folders): string {
  return join(folders.temp, randomBytes(16).toString("hex"));
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
