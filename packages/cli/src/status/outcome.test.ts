import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import { outcomeOf } from "./outcome.js";

test.each([
  ["COMPLETED", { succeeded: 12 }, "green", "12 succeeded", "12 succeeded"],
  ["COMPLETED", { succeeded: 1 }, "green", "1 succeeded", "1 succeeded"],
  ["COMPLETED", { succeeded: 2, failed: 1 }, "red", "1 of 3 failed", "1 failed, 2 succeeded"],
  ["COMPLETED", { failed: 3 }, "red", "3 of 3 failed", "3 failed"],
  ["COMPLETED", { succeeded: 1, timedOut: 2 }, "red", "2 of 3 timed out", "2 timed out, 1 succeeded"],
  ["COMPLETED", { rejected: 1 }, "red", "1 of 1 rejected", "1 rejected"],
  [
    "COMPLETED",
    { succeeded: 5, failed: 2, timedOut: 1, canceled: 2 },
    "red",
    "2 of 10 failed, 1 timed out, 2 canceled",
    "2 failed, 1 timed out, 2 canceled, 5 succeeded",
  ],
  ["COMPLETED", { succeeded: 2, removed: 1 }, "yellow", "1 of 3 removed", "1 removed, 2 succeeded"],
  ["COMPLETED", { canceled: 1 }, "yellow", "1 of 1 canceled", "1 canceled"],
  ["COMPLETED", {}, "yellow", "reached no thing", "reached no thing"],
  ["IN_PROGRESS", {}, "cyan", "no thing has it yet", "no thing has it yet"],
  ["IN_PROGRESS", { succeeded: 2, inProgress: 38 }, "cyan", "2 of 40 done, 38 in progress", "2 of 40 done"],
  ["IN_PROGRESS", { queued: 1 }, "cyan", "0 of 1 done, 1 queued", "0 of 1 done"],
  [
    "IN_PROGRESS",
    { succeeded: 2, failed: 1, inProgress: 1, queued: 4 },
    "yellow",
    "1 of 8 failed, 2 done, 1 in progress, 4 queued",
    "1 failed, 2 of 8 done",
  ],
  [
    "IN_PROGRESS",
    { removed: 1, canceled: 1, queued: 1 },
    "yellow",
    "1 of 3 removed, 1 canceled, 1 queued",
    "1 removed, 1 canceled, 0 of 3 done",
  ],
  ["IN_PROGRESS", { succeeded: 3 }, "green", "3 succeeded", "3 succeeded"],
  ["IN_PROGRESS", { succeeded: 2, failed: 1 }, "red", "1 of 3 failed", "1 failed, 2 succeeded"],
  ["SCHEDULED", {}, "cyan", "scheduled", "scheduled"],
  ["SCHEDULED", { queued: 2 }, "cyan", "0 of 2 done, 2 queued", "0 of 2 done"],
  ["CANCELED", {}, "magenta", "canceled before any thing got it", "canceled"],
  [
    "CANCELED",
    { succeeded: 3, canceled: 7 },
    "magenta",
    "canceled, 3 of 10 succeeded",
    "canceled, 3 of 10 succeeded",
  ],
  [
    "CANCELED",
    { succeeded: 1, failed: 2, canceled: 5, inProgress: 2 },
    "magenta",
    "canceled, 1 of 10 succeeded, 2 failed, 2 still in progress",
    "canceled, 2 failed, 1 of 10 succeeded",
  ],
  ["DELETION_IN_PROGRESS", { succeeded: 1 }, "dim", "being deleted", "being deleted"],
  ["A_WORD_OF_ANOTHER_SERVICE", {}, "cyan", "no thing has it yet", "no thing has it yet"],
] as const)("%s with %j is %s: %s", (status, some, style, headline, short) => {
  expect(outcomeOf({ status, counts: { ...NO_COUNTS, ...some } })).toEqual({ headline, short, style });
});

test.each([
  [{ succeeded: 2, inProgress: 6 }, "cyan", "2 of 8 done so far, 6 in progress"],
  [{ succeeded: 12 }, "cyan", "12 of 12 done so far"],
  [{ succeeded: 2, failed: 1, timedOut: 1 }, "yellow", "1 of 4 failed, 1 timed out, 2 done so far"],
] as const)("while the rollout has not reached all things, %j is %s: %s", (some, style, headline) => {
  const job = { status: "IN_PROGRESS", counts: { ...NO_COUNTS, ...some }, targetsToGo: 1 };
  expect(outcomeOf(job)).toMatchObject({ headline, style });
});
