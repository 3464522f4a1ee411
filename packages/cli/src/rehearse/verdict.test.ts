import { expect, test } from "vitest";
import type { RehearsalResult } from "./result.js";
import { verdictOf } from "./verdict.js";

function rehearsal(runs: number, abortedRuns: number, [p50, p90, p99]: [number, number, number]) {
  return {
    runs: Array.from({ length: runs }, () => ({})),
    abortedRuns,
    abort: { devicesThatRanImage: { p50, p90, p99 } },
  } as unknown as RehearsalResult;
}

test.each<[runs: number, aborted: number, devices: [number, number, number], text: string]>([
  [
    20,
    12,
    [30, 48, 61],
    "the abort rule fires in 12 of 20 runs; in half of these, at most 30 devices ran the new image before",
  ],
  [20, 12, [30, 30, 30], "the abort rule fires in 12 of 20 runs, after 30 devices ran the new image"],
  [20, 1, [30, 30, 30], "the abort rule fires in 1 of 20 runs, after 30 devices ran the new image"],
  [1, 1, [30, 30, 30], "the abort rule fires in the run, after 30 devices ran the new image"],
])("of %i runs, %i abort after %j devices: the verdict says of which runs the number is", (...args) => {
  const [runs, aborted, devices, text] = args;
  expect(verdictOf(rehearsal(runs, aborted, devices)).text).toBe(text);
});
