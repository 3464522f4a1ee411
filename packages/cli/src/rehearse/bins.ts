import type { Bin } from "../pages/histogram.js";

const BINS = 12;

/**
 * Divides the range of values into equal parts and counts them. Makes fewer parts where `label` cannot tell their edges
 * apart, and none if it cannot tell the lowest value from the highest.
 */
export function binsOf(values: readonly number[], label: (value: number) => string): Bin[] {
  if (values.length === 0) return [];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  for (let parts = BINS; parts > 0; parts -= 1) {
    const edges = Array.from({ length: parts + 1 }, (_, index) => low + (index * (high - low)) / parts);
    if (new Set(edges.map(label)).size === edges.length) return count(values, edges);
  }
  return [];
}

/** Does the same for whole numbers: each edge is one, and the last bin ends after the highest value. */
export function wholeBinsOf(values: readonly number[]): Bin[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0 || low === high) return [];
  const width = Math.ceil((high - low + 1) / BINS);
  const parts = Math.ceil((high - low + 1) / width);
  return count(
    values,
    Array.from({ length: parts + 1 }, (_, index) => low + index * width),
  );
}

/** Counts the values between the edges. The last bin also has the value at its end. */
function count(values: readonly number[], edges: readonly number[]): Bin[] {
  const bins = edges.slice(1).map((to, index) => ({ from: edges[index] as number, to, count: 0 }));
  for (const value of values) {
    const bin = bins.find(({ to }) => value < to) ?? bins.at(-1);
    if (bin !== undefined) bin.count += 1;
  }
  return bins;
}
