import type { TimelinePoint } from "@fota/local";
import { expect, test } from "vitest";
import { parseGate } from "./gate.js";
import { type RehearsedGate, rehearseGate } from "./rehearse-gate.js";

const HOUR_MS = 3_600_000;

function point(hour: number, counts: Partial<TimelinePoint["counts"]>): TimelinePoint {
  const none = { QUEUED: 0, IN_PROGRESS: 0, SUCCEEDED: 0, FAILED: 0, TIMED_OUT: 0, REJECTED: 0 };
  return { afterMs: hour * HOUR_MS, counts: { ...none, REMOVED: 0, CANCELED: 0, ...counts } };
}

const start = point(0, { QUEUED: 10 });
const most = point(1, { SUCCEEDED: 8, QUEUED: 2 });
const all = point(2, { SUCCEEDED: 10 });
const good = [start, most, all];
const off = [start, most, point(700, { SUCCEEDED: 8, QUEUED: 2 })];

test.each<[string, Parameters<typeof parseGate>[0], TimelinePoint[], RehearsedGate]>([
  ["all succeed", {}, good, { kind: "open", afterMs: 2 * HOUR_MS }],
  ["most have ended", { after: "80%" }, good, { kind: "open", afterMs: HOUR_MS }],
  ["a soak", { soak: "5h" }, good, { kind: "open", afterMs: 7 * HOUR_MS }],
  ["a command", { command: ["./check.sh"] }, good, { kind: "open", afterMs: 2 * HOUR_MS }],
  ["some stay off", { timeout: "3d" }, off, { kind: "closed", afterMs: 72 * HOUR_MS }],
  [
    "some stay off, judged",
    { timeout: "3d", onTimeout: "judge" },
    off,
    { kind: "open", afterMs: 72 * HOUR_MS },
  ],
  [
    "failures",
    { success: "90%" },
    [start, point(1, { SUCCEEDED: 3, FAILED: 2, QUEUED: 5 })],
    { kind: "closed", afterMs: HOUR_MS },
  ],
  [
    "a device that succeeds in its second attempt",
    {},
    [start, point(1, { SUCCEEDED: 9, FAILED: 1, QUEUED: 1 }), point(2, { SUCCEEDED: 10, FAILED: 1 })],
    { kind: "open", afterMs: 2 * HOUR_MS },
  ],
  [
    "a run that ends before the gate",
    { timeout: "90d" },
    [start],
    { kind: "closed", afterMs: 2160 * HOUR_MS },
  ],
])("%s", (_what, gate, timeline, found) => {
  expect(rehearseGate(parseGate(gate, "gate"), { timeline }, { size: 10, startDelayMs: 0 })).toEqual(found);
});

test("an abort closes the gate", () => {
  const abort = { afterMs: HOUR_MS, comment: "", devicesThatRanImage: 3, inProgress: 1 };
  const run = { timeline: [start, most], abort };
  expect(rehearseGate(parseGate({}, "gate"), run, { size: 10, startDelayMs: 0 })).toEqual({
    kind: "closed",
    afterMs: HOUR_MS,
  });
});
