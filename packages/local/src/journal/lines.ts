/** Splits files into lines. */
import type { FileHandle } from "node:fs/promises";

const LINE_END = 0x0a;
const CHUNK_BYTES = 1024 * 1024;

/**
 * Called with each line, without its line break, and with what follows the last line break, if anything does; then
 * `isWhole` is false. The bytes are valid during the call only. Returns false to stop.
 */
type OnLine = (line: Buffer, isWhole: boolean) => boolean;

export function splitLines(bytes: Buffer, onLine: OnLine): void {
  let from = 0;
  for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, from)) {
    if (!onLine(bytes.subarray(from, end), true)) return;
    from = end + 1;
  }
  if (from < bytes.length) onLine(bytes.subarray(from), false);
}

/** Splits the bytes of a file from `offsetBytes` on. Holds a line and a mebibyte in memory. */
export async function readLines(file: FileHandle, offsetBytes: number, onLine: OnLine): Promise<void> {
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let filled = 0; // bytes in `buffer`, without a line break
  for (let position = offsetBytes; ; ) {
    if (filled === buffer.length) buffer = Buffer.concat([buffer], 2 * filled);
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    let from = 0;
    const bytes = buffer.subarray(0, filled + bytesRead);
    for (let end = bytes.indexOf(LINE_END, filled); end >= 0; end = bytes.indexOf(LINE_END, from)) {
      if (!onLine(bytes.subarray(from, end), true)) return;
      from = end + 1;
    }
    bytes.copy(buffer, 0, from);
    filled = bytes.length - from;
  }
  if (filled > 0) onLine(buffer.subarray(0, filled), false);
}
