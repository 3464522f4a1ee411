import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import { nextSteps, nextStepsOfThing } from "./next-steps.js";
import { totalOf } from "./pace.js";
import type { FailureCause, JobSummary } from "./result.js";

function commandsOf(
  status: string,
  counts: Partial<JobSummary["counts"]>,
  ...causes: FailureCause[]
): string[] {
  const job = { jobId: "j", status, continuous: false, counts: { ...NO_COUNTS, ...counts } };
  const total = totalOf(job.counts);
  const steps = nextSteps(
    { ...job, total, ...(causes.length > 0 && { causes, causesRead: causes.length }) },
    {},
  );
  return steps.map(({ command }) => command.join(" "));
}

const cause = (reason: string, things: string[]): FailureCause => ({
  status: "FAILED",
  reason,
  count: 1,
  things,
});

test.each([
  ["what succeeded", "COMPLETED", { succeeded: 1 }, [], []],
  [
    "a cause that can pass",
    "COMPLETED",
    { failed: 1 },
    [cause("download-failed", ["a"])],
    ["why j --thing a", "retry j"],
  ],
  [
    "a cause that cannot pass",
    "COMPLETED",
    { failed: 1 },
    [cause("wrong-model", ["a"])],
    ["publish <image> --model <model> --to a", "why j --thing a"],
  ],
  [
    "both",
    "COMPLETED",
    { failed: 2 },
    [cause("wrong-model", ["a"]), cause("download-failed", ["b"])],
    ["publish <image> --model <model> --to a", "why j", "retry j"],
  ],
  [
    "a job that goes on",
    "IN_PROGRESS",
    { failed: 1, queued: 1 },
    [cause("download-failed", ["a"])],
    ["why j --thing a"],
  ],
  ["what was canceled", "CANCELED", { canceled: 3, succeeded: 1 }, [], ["retry j --only canceled"]],
  ["what was removed", "COMPLETED", { removed: 3 }, [], []],
])("the next commands of %s", (_what, status, counts, causes, commands) => {
  expect(commandsOf(status, counts, ...causes)).toEqual(commands);
});

test("many failures have a list, with the most frequent cause and how many things have it", () => {
  const counts = { ...NO_COUNTS, failed: 10, succeeded: 14 };
  const causes = [
    { ...cause("self-test-failed", ["a", "b", "c"]), count: 8 },
    { ...cause("download-failed", ["x", "y"]), count: 2 },
  ];
  const job = { jobId: "j", status: "COMPLETED", continuous: false, counts, total: 24 };
  const [list, publish, ...others] = nextSteps({ ...job, causes, causesRead: 10 }, {});
  expect(list).toEqual({
    command: ["status", "j", "--failed"],
    text: "lists all 10 failures; 8 have self-test-failed",
  });
  expect(publish?.command).toEqual(["publish", "<image>", "--to", "@self-test-failed.txt"]);
  expect(others.map(({ command }) => command[0])).toEqual(["why", "retry"]);
  const [only] = nextSteps({ ...job, counts: { ...counts, failed: 8 }, causes: causes.slice(0, 1) }, {});
  expect(only?.text).toBe("lists all 8 failures; all have self-test-failed");
  const slots = [
    { ...cause("bad fota data", ["a", "b", "c"]), count: 4, detail: "slot 1 is the running one" },
    { ...cause("self-test-failed", ["x", "y", "z"]), count: 4 },
    { ...cause("bad fota data", ["d"]), count: 2, detail: "slot 0 is the running one" },
  ];
  const [split] = nextSteps({ ...job, causes: slots, causesRead: 10 }, {});
  expect(split?.text).toBe("lists all 10 failures; 6 have unusable job document (bad fota data)");
  const [sampled] = nextSteps({ ...job, counts: { ...counts, failed: 500 }, causes, causesRead: 10 }, {});
  expect(sampled?.text).toBe("lists all 500 failures; of 10 whose cause was read, 8 have self-test-failed");
});

test("one thing of a job has its own next commands", () => {
  const steps = nextStepsOfThing(
    "j",
    {
      thing: "pump-1",
      status: "FAILED",
      executionNumber: 1,
      reason: "bad fota data",
      detail: "slot 1 is the running one",
    },
    {},
  );
  expect(steps.map(({ command }) => command.join(" "))).toEqual([
    "publish <image> --slot 0 --to pump-1",
    "why j --thing pump-1",
  ]);
});
