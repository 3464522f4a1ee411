import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import type { JobSummary } from "../status/result.js";
import { attentionOf } from "./attention.js";

function job(jobId: string, status: string, counts: Partial<JobSummary["counts"]>): JobSummary {
  const all = { ...NO_COUNTS, ...counts };
  const total = Object.values(all).reduce((sum, count) => sum + count, 0);
  return { jobId, status, counts: all, total, continuous: false };
}

const GOING = job("going", "IN_PROGRESS", { succeeded: 5, inProgress: 1 });
const FAILING = job("failing", "IN_PROGRESS", { succeeded: 5, failed: 1, queued: 3 });
const WORSE = job("worse", "IN_PROGRESS", { timedOut: 4, queued: 3 });
const ABORTED = job("aborted", "CANCELED", { failed: 3, canceled: 9 });
const PLANNED = job("planned", "SCHEDULED", {});
const RETURNING = job("returning", "SCHEDULED", { succeeded: 5, failed: 2 });
const DONE = job("done", "COMPLETED", { succeeded: 9 });

test.each([
  [[], false, "good", "No job is in progress", undefined],
  [[DONE], false, "good", "No job is in progress", undefined],
  [[GOING], false, "run", "1 job is in progress, without failures", undefined],
  [[PLANNED], false, "run", "1 job is scheduled", undefined],
  [[PLANNED, PLANNED], false, "run", "2 jobs are scheduled", undefined],
  [[PLANNED, RETURNING], false, "warn", "2 jobs are scheduled, 1 with failures", "returning"],
  [
    [GOING, PLANNED, PLANNED],
    false,
    "run",
    "1 job is in progress, without failures; 2 jobs are scheduled",
    undefined,
  ],
  [[GOING, FAILING], false, "warn", "2 jobs are in progress, 1 with failures", "failing"],
  [[FAILING, WORSE, GOING], true, "warn", "3 or more jobs are in progress, 2 with failures", "worse"],
  [[FAILING], false, "warn", "1 job is in progress, with failures", "failing"],
  [
    [DONE, ABORTED],
    false,
    "bad",
    "No job is in progress; 1 job ended with failures in the last 24 hours",
    "aborted",
  ],
  [
    [GOING, ABORTED],
    false,
    "bad",
    "1 job is in progress, without failures; 1 job ended with failures in the last 24 hours",
    "aborted",
  ],
] as const)("case %#", (jobs, more, tone, text, worst) => {
  const found = attentionOf({ jobs: [...jobs], more });
  expect({ ...found, worst: found.worst?.jobId }).toEqual({ tone, text, worst });
});

test("a canceled job whose things are still in progress is in progress", () => {
  const canceling = job("canceling", "CANCELED", { failed: 1, inProgress: 1 });
  expect(attentionOf({ jobs: [canceling], more: false }).text).toBe("1 job is in progress, with failures");
});
