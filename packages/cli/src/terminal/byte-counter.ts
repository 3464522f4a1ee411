import { formatBytes } from "./format.js";
import type { Progress } from "./output.js";

/** Turns counts of bytes into at most ten progress lines a second: bytes, percent of `totalBytes`, rate. */
export function byteCounter(progress: Progress, what: string, totalBytes?: number): (count: number) => void {
  const startMs = performance.now();
  let bytes = 0;
  let shownMs = startMs;
  return (count) => {
    bytes += count;
    const nowMs = performance.now();
    if (nowMs - shownMs < 100) return;
    shownMs = nowMs;
    const rate = formatBytes(bytes / ((nowMs - startMs) / 1000));
    const percent =
      totalBytes === undefined
        ? ""
        : ` of ${formatBytes(totalBytes)} (${Math.floor((bytes / totalBytes) * 100)} %)`;
    progress(`${what}: ${formatBytes(bytes)}${percent}, ${rate}/s`);
  };
}
