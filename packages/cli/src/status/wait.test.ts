import { expect, test } from "vitest";
import { exitCodeOfJob } from "./wait.js";

const counts = {
  queued: 0,
  inProgress: 0,
  succeeded: 2,
  failed: 0,
  timedOut: 0,
  rejected: 0,
  removed: 0,
  canceled: 0,
};

test("a script is told by the exit code whether every thing succeeded", () => {
  const job = { jobId: "a", status: "COMPLETED", continuous: false };
  expect(exitCodeOfJob({ ...job, counts, total: 2 })).toBe(0);
  expect(exitCodeOfJob({ ...job, counts: { ...counts, rejected: 1 }, total: 3 })).toBe(3);
});
