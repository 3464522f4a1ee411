/** Splits files into lines. */
import type { FileHandle } from "node:fs/promises";
import { soon, steadyClock } from "../clock.js";

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

/** How long lines are read in one turn of the event loop: a line may take long to replay. */
const TURN_MS = 20;

/**
 * Splits the bytes of a file from `offsetBytes` on, with other work in between. Holds a line and a mebibyte in memory.
 */
export async function readLines(file: FileHandle, offsetBytes: number, onLine: OnLine): Promise<void> {
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let filled = 0; // bytes in `buffer`, without a line break
  let turnStartMs = steadyClock.nowMs();
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
      if (steadyClock.nowMs() - turnStartMs < TURN_MS) continue;
      await new Promise<void>(soon);
      turnStartMs = steadyClock.nowMs();
    }
    bytes.copy(buffer, 0, from);
    filled = bytes.length - from;
  }
  if (filled > 0) onLine(buffer.subarray(0, filled), false);
}
