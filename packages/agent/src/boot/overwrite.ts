import { closeSync, constants, ftruncateSync, openSync, writeFileSync } from "node:fs";

/**
 * Overwrites a small file of a simulated device in place, and creates it with `mode` if it is missing. Not durable, and
 * torn if the process is killed meanwhile: keep a second copy. It does not empty the file first, because ext4 then writes
 * it to the disk when it is closed.
 */
export function overwrite(path: string, text: string, mode: number): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, mode);
  try {
    writeFileSync(file, text); // unlike writeSync, it writes all bytes or throws
    ftruncateSync(file, Buffer.byteLength(text));
  } finally {
    closeSync(file);
  }
}
