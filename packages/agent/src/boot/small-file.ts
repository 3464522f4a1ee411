import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { errnoOf } from "./storage-error.js";

/**
 * Reads a plain file of at most `maxBytes`. Does not block on a FIFO or a device.
 * @throws errors of system calls; EISDIR for a folder, EINVAL if it is not a plain file, EFBIG if it is too long
 */
export async function readSmallFile(
  path: string,
  maxBytes: number,
  encoding: "utf8" | "latin1" = "utf8",
): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (found.isDirectory()) throw refusal("EISDIR", path);
    if (!found.isFile()) throw refusal("EINVAL", path);
    if (found.size > maxBytes) throw refusal("EFBIG", path);
    return await handle.readFile(encoding);
  } finally {
    await handle.close();
  }
}

/** Tells whether opening `path` for writing creates or overwrites a plain file: there is one, or nothing yet. */
export async function isPlainFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    return errnoOf(error) === "ENOENT";
  }
}

function refusal(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path} is not a small file`), { code });
}
