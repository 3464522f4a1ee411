import type { Bin } from "../pages/histogram.js";

const BINS = 12;

/** Divides the range of values into equal parts and counts them; returns no bins if all values are equal. */
export function binsOf(values: readonly number[]): Bin[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0 || high - low < 1e-9) return [];
  const width = (high - low) / BINS;
  const bins = Array.from({ length: BINS }, (_, index) => ({
    from: low + index * width,
    // The last bin also has the highest value.
    to: index === BINS - 1 ? high + width * 1e-6 : low + (index + 1) * width,
    count: 0,
  }));
  for (const value of values) {
    const bin = bins[Math.min(BINS - 1, Math.floor((value - low) / width))];
    if (bin !== undefined) bin.count += 1;
  }
  return bins;
}
