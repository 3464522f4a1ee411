import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { errnoOf } from "./storage-error.js";

/**
 * Reads a file of at most `maxBytes`. Never waits: a pipe or a device under that name is an error, as a file that is
 * too long is.
 * @throws the error of the system call; EINVAL for what is not a plain file, EFBIG for a longer one
 */
export async function readSmallFile(path: string, maxBytes: number): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (found.isDirectory()) throw refusal("EISDIR", path);
    if (!found.isFile()) throw refusal("EINVAL", path);
    if (found.size > maxBytes) throw refusal("EFBIG", path);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** Returns whether a plain file is at `path`, or nothing: whether opening it for writing makes or overwrites a file. */
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
