import { expect, test } from "vitest";
import { parseRollout, type RolloutTexts } from "../job/rollout.js";
import { parseSchedule, type ScheduleTexts } from "../job/schedule.js";
import { parseTargets } from "../job/targets.js";
import { ineffectiveOptions } from "./ineffective-options.js";

const now = new Date("2026-11-24T08:00:00Z");

function warningsFor(things: number, rollout: RolloutTexts, schedule: ScheduleTexts = {}): string[] {
  const spec = {
    rollout: parseRollout(rollout),
    schedule: parseSchedule(schedule, false, now),
    continuous: false,
    targets: parseTargets(["pump-1"], 1),
    makeGroup: undefined,
  };
  const reach = { things: Array.from({ length: things }, (_, index) => `pump-${index}`), unknown: undefined };
  return ineffectiveOptions(spec, reach, now);
}

test("a rate that cannot reach all things before the end is reported", () => {
  expect(warningsFor(10_000, { rate: "1/min" }, { end: "+1d" })).toEqual([
    "--end comes 1440 min after the start: reaching 10000 things takes 9999 min",
  ]);
  expect(warningsFor(10_000, { rate: "1/min" }, { start: "+2d", end: "+3d" })).toHaveLength(1);
  expect(warningsFor(10_000, { rate: "10/min" }, { end: "+1d" })).toEqual([]);
  expect(warningsFor(10_000, { rate: "1/min" })).toEqual([]);
});

test("a ramp whose first step no thing is left for is reported", () => {
  const ramp = "10/min x2 after 50 succeeded";
  expect(warningsFor(50, { ramp })).toEqual([
    "--ramp never gets faster: the first step is after 50 things, the job has 50 things",
  ]);
  expect(warningsFor(51, { ramp })).toEqual([]);
});
