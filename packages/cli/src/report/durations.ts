import { tickStep } from "d3-array";
import type { Bin } from "../pages/histogram.js";
import { unitOf } from "./times.js";

/** Says how long the executions took that succeeded. */
export interface Durations {
  count: number;
  /** Half of them took no longer, in seconds. */
  p50: number;
  /** 95 % of them took no longer, in seconds. */
  p95: number;
  longest: number;
  /** In seconds; the last bin reaches to the longest. */
  bins: readonly Bin[];
}

const BINS = 12;
/** Fewer values have no distribution. */
const COUNT_MIN = 5;
/** A few values far above the others get one bin: they would press the others into the first. */
const TAIL = 0.98;

/** Returns the distribution of durations in seconds; `undefined` if there are too few. */
export function durationsOf(seconds: readonly number[]): Durations | undefined {
  if (seconds.length < COUNT_MIN) return undefined;
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  const longest = at(1);
  return {
    count: sorted.length,
    p50: at(0.5),
    p95: at(0.95),
    longest,
    bins: binsOf(sorted, at(TAIL), longest),
  };
}

function binsOf(sorted: readonly number[], tail: number, longest: number): Bin[] {
  const unit = unitOf(tail).seconds;
  const step = Math.max(1, tickStep(0, tail / unit, BINS)) * unit;
  const count = Math.max(1, Math.floor(tail / step) + 1);
  const bins = Array.from({ length: count }, (_, i) => ({ from: i * step, to: (i + 1) * step, count: 0 }));
  const last = bins[count - 1];
  if (last !== undefined && longest >= last.to) bins.push({ from: last.to, to: longest + 1, count: 0 });
  for (const value of sorted) {
    const bin = bins[Math.min(Math.floor(value / step), bins.length - 1)];
    if (bin !== undefined) bin.count += 1;
  }
  return bins;
}
