/** Nearest-rank percentiles over the runs. */
export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
}

/** Returns the percentiles of at least one value; an infinite value counts as larger than all others. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (percent: number) => sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
  return { p50: rank(50), p90: rank(90), p99: rank(99) };
}
