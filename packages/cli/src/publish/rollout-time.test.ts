import { expect, test } from "vitest";
import { parseRollout } from "../job/rollout.js";
import { parseSchedule, type ScheduleTexts } from "../job/schedule.js";
import { parseTargets } from "../job/targets.js";
import { minutesToReach, rolloutTime } from "./rollout-time.js";

const now = new Date("2026-11-24T08:00:00Z");

test.each([
  [1, {}, 0],
  [1_000, {}, 0],
  [1_001, {}, 1],
  [100, { rate: "50/min" }, 1],
  [101, { rate: "50/min" }, 2],
  // 10, 20, 40, 80 things in the first four minutes
  [150, { ramp: "10/min x2 after 10 notified", rate: "80/min" }, 3],
  [10_000, { rate: "1/min" }, 9_999],
] as const)("to reach %i things with %j takes %i min more than the first", (things, texts, minutes) => {
  expect(minutesToReach(things, parseRollout(texts))).toBe(minutes);
});

function lastStart(things: number, texts: object, schedule: ScheduleTexts = {}, group?: string) {
  const spec = {
    rollout: parseRollout(texts),
    schedule: parseSchedule(schedule, true, now),
    continuous: true,
    targets: parseTargets([group ?? "pump-1"], 1),
    makeGroup: undefined,
  };
  return rolloutTime(things, spec, now).lastStartSeconds;
}

test("the last start waits for the schedule, the rate and the retries before it", () => {
  expect(lastStart(1, {})).toBe(0);
  expect(lastStart(100, { rate: "50/min" })).toBe(60);
  expect(lastStart(100, { rate: "50/min" }, { start: "+2h" })).toBe(7_260);
  expect(lastStart(1, { retry: "any:2", thingTimeout: "1h" })).toBe(7_200);
});

test("nothing starts after the end", () => {
  expect(lastStart(10_000, { rate: "1/min" }, { end: "+1d" })).toBe(86_400);
});

test("a continuous job for a group goes on to its end, or for ever", () => {
  expect(lastStart(1, {}, {}, "group:beta")).toBeUndefined();
  expect(lastStart(1, {}, { end: "+1d" }, "group:beta")).toBe(86_400);
});

test("windows come back to the end, or for ever", () => {
  expect(lastStart(1, {}, { window: ["0 2 * * * 60m"] })).toBeUndefined();
  expect(lastStart(1, {}, { window: ["0 2 * * * 60m"], end: "+1d" })).toBe(86_400);
});
