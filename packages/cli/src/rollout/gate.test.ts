import { expect, test } from "vitest";
import { endedNeeded, type GateFacts, type GateRule, judgeGate, parseGate } from "./gate.js";

const START = new Date("2026-12-01T00:00:00Z");
const hours = (count: number) => new Date(START.getTime() + count * 3_600_000);
const facts: GateFacts = {
  status: "IN_PROGRESS",
  reachedAll: true,
  continuous: false,
  succeeded: 0,
  failed: 0,
  pending: 0,
  startedAt: START,
  now: hours(1),
};
const done = { ...facts, status: "COMPLETED" };
const rule = parseGate({}, "gate");
const most: GateRule = { ...rule, successPercent: 90, afterPercent: 80 };
const soak: GateRule = { ...rule, soakSeconds: 7200 };
const check: GateRule = { ...rule, command: ["./check.sh"] };

test.each<[string, GateRule, Partial<GateFacts>, string, string]>([
  ["all succeeded", rule, { ...done, succeeded: 3 }, "open", "3 of 3 things succeeded"],
  ["some have not ended", rule, { succeeded: 2, pending: 1 }, "wait", "2 of 3 things ended, 3 must have"],
  [
    "the rollout still reaches things",
    rule,
    { succeeded: 2, reachedAll: false },
    "wait",
    "2 of 2 things ended so far",
  ],
  ["nothing is known yet", rule, { reachedAll: false }, "wait", "0 of 0 things ended so far"],
  [
    "one failure is one too many",
    rule,
    { succeeded: 2, failed: 1, pending: 7 },
    "closed",
    "1 of 10 failed, the gate requires 100 %",
  ],
  [
    "failures within the share",
    most,
    { succeeded: 9, failed: 1, pending: 0 },
    "open",
    "9 of 10 things succeeded",
  ],
  ["enough have ended", most, { succeeded: 8, pending: 2 }, "open", "8 of 8 things succeeded"],
  ["one too few has ended", most, { succeeded: 7, pending: 3 }, "wait", "7 of 10 things ended, 8 must have"],
  [
    "the others can still raise the share",
    most,
    { succeeded: 7, failed: 1, pending: 2 },
    "wait",
    "7 of 8 things succeeded, the gate requires 90 %",
  ],
  [
    "the others cannot raise the share enough",
    most,
    { succeeded: 6, failed: 2, pending: 2 },
    "closed",
    "2 of 10 failed, the gate requires 90 %",
  ],
  [
    "too few for minThings, and no more come",
    { ...rule, minThings: 5 },
    { ...done, succeeded: 3 },
    "closed",
    "3 things ended, minThings is 5",
  ],
  [
    "too few for minThings, but more may join",
    { ...rule, minThings: 5 },
    { continuous: true, succeeded: 3 },
    "wait",
    "3 of 3 things ended, 5 must have",
  ],
  ["the job reached nothing", rule, done, "closed", "the job reached no thing"],
  [
    "the job was canceled",
    rule,
    { status: "CANCELED", reason: "ABORT_CRITERIA_MET", succeeded: 3 },
    "closed",
    "the job is CANCELED: ABORT_CRITERIA_MET",
  ],
  [
    "some are off for too long",
    most,
    { succeeded: 2, pending: 8, now: hours(170) },
    "closed",
    "2 of 10 things ended, 8 must have, 7 days after the start",
  ],
  [
    "some are off, and those that ended decide",
    { ...most, onTimeout: "judge" },
    { succeeded: 2, pending: 8, now: hours(170) },
    "open",
    "2 of 2 things succeeded",
  ],
  [
    "some are off, and those that ended failed",
    { ...most, onTimeout: "judge" },
    { succeeded: 3, failed: 1, pending: 96, now: hours(170) },
    "closed",
    "3 of 4 things succeeded, the gate requires 90 %, 7 days after the start",
  ],
  [
    "all are off",
    { ...most, onTimeout: "judge" },
    { pending: 8, now: hours(170) },
    "closed",
    "0 of 8 things ended, 7 must have",
  ],
  [
    "the last report is newer than a clock of whole seconds",
    rule,
    { ...done, succeeded: 1, startedAt: hours(1.0001) },
    "open",
    "1 of 1 thing succeeded",
  ],
  [
    "the soak has begun",
    soak,
    { ...done, succeeded: 3, enoughEndedAt: hours(0.5) },
    "wait",
    "3 of 3 things succeeded, soaking until 2026-12-01 02:30 UTC",
  ],
  [
    "the soak is over",
    soak,
    { ...done, succeeded: 3, enoughEndedAt: hours(0.5), now: hours(2.5) },
    "open",
    "3 of 3 things succeeded, soaked 2 h",
  ],
  [
    "a thing fails during the soak",
    { ...soak, afterPercent: 50 },
    { succeeded: 2, failed: 1, pending: 1, enoughEndedAt: hours(0.5) },
    "closed",
    "1 of 4 failed",
  ],
  [
    "a soak after the timeout counts from the timeout",
    { ...soak, afterPercent: 80, onTimeout: "judge" },
    { succeeded: 1, pending: 4, now: hours(169) },
    "wait",
    "soaking until 2026-12-08 02:00 UTC",
  ],
  ["a command decides last", check, { ...done, succeeded: 3 }, "ask", "3 of 3 things succeeded"],
  [
    "no command is asked before the soak is over",
    { ...check, soakSeconds: 7200 },
    { ...done, succeeded: 3, enoughEndedAt: hours(0.5) },
    "wait",
    "soaking",
  ],
])("%s", (_what, by, found, kind, text) => {
  const verdict = judgeGate(by, { ...facts, ...found });
  expect(verdict.kind, verdict.text).toBe(kind);
  expect(verdict.text).toContain(text);
});

test("a verdict says when it changes by itself", () => {
  const soaking = { ...done, succeeded: 1, enoughEndedAt: hours(0.5) };
  expect(judgeGate(soak, soaking)).toMatchObject({ kind: "wait", until: hours(2.5) });
  expect(judgeGate(rule, { ...facts, pending: 1 })).toMatchObject({ kind: "wait", until: hours(7 * 24) });
  expect(
    judgeGate({ ...check, timeoutSeconds: 3600 }, { ...done, succeeded: 1, now: hours(0.5) }),
  ).toMatchObject({
    deadline: hours(1),
  });
});

test("the number of things that must have ended is exact", () => {
  expect(endedNeeded({ afterPercent: 98, minThings: 1 }, 50)).toBe(49);
  expect(endedNeeded({ afterPercent: 14, minThings: 1 }, 50)).toBe(7);
  expect(endedNeeded({ afterPercent: 33.33, minThings: 1 }, 100)).toBe(34);
  expect(endedNeeded({ afterPercent: 1, minThings: 5 }, 100)).toBe(5);
});

test.each([
  [{ success: "98" }, "gate.success must be a percentage"],
  [{ after: "0%" }, "gate.after must be a percentage"],
  [{ success: "101%" }, "gate.success must be a percentage"],
  [{ soak: "2 hours" }, "gate.soak must be a duration"],
  [{ timeout: "soon" }, "gate.timeout must be a duration"],
])("%j is refused", (gate, message) => {
  expect(() => parseGate(gate, "gate")).toThrow(message);
});

test("a share that is met exactly opens the gate, whatever floating point makes of it", () => {
  for (const [success, succeeded, failed] of [
    ["50.25%", 201, 199],
    ["57%", 57, 43],
    ["99.45%", 1989, 11],
  ] as const) {
    const exact = parseGate({ success }, "gate");
    expect(judgeGate(exact, { ...done, succeeded, failed }).kind, success).toBe("open");
    expect(judgeGate(exact, { ...done, succeeded: succeeded - 1, failed: failed + 1 }).kind).toBe("closed");
  }
});
