import { expect, test } from "vitest";
import { parseRollout, type RolloutTexts } from "../job/rollout.js";
import { parseSchedule, type ScheduleTexts } from "../job/schedule.js";
import { parseTargets } from "../job/targets.js";
import { abortWithoutRate, ineffectiveOptions } from "./ineffective-options.js";

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

const reachOf = (count: number, unknown?: string) => ({
  things: Array.from({ length: count }, (_, index) => `pump-${index}`),
  unknown,
});

test.each<
  [what: string, rollout: RolloutTexts, reach: ReturnType<typeof reachOf>, warning: string | undefined]
>([
  [
    "all things at once",
    {},
    reachOf(12),
    '--abort-on "failed>10% after 3" saves few things: all 12 things get the job at once. Add --rate or --ramp',
  ],
  [
    "a large fleet",
    {},
    reachOf(2_500),
    '--abort-on "failed>10% after 3" saves few things: all 2500 things get the job at 1000 a minute. Add --rate or --ramp',
  ],
  [
    "an unknown number of things",
    {},
    reachOf(0, "the members of group a cannot be read"),
    '--abort-on "failed>10% after 3" saves few things: all things get the job at 1000 a minute. Add --rate or --ramp',
  ],
  [
    "a rate that reaches all things in the first minute",
    { rate: "12/min" },
    reachOf(12),
    '--abort-on "failed>10% after 3" saves few things: all 12 things have the job before it can apply. Lower --rate',
  ],
  [
    "a rate whose minute in which the rule can apply is the last one",
    { rate: "2/min" },
    reachOf(4),
    '--abort-on "failed>10% after 3" saves few things: all 4 things have the job before it can apply. Lower --rate',
  ],
  [
    "a ramp that begins fast",
    { ramp: "50/min x2 after 50 succeeded" },
    reachOf(12),
    '--abort-on "failed>10% after 3" saves few things: all 12 things have the job before it can apply. Lower --ramp',
  ],
  [
    "the rate that a job without one has",
    { rate: "1000/min" },
    reachOf(2_500),
    '--abort-on "failed>10% after 3" saves few things: all 2500 things get the job at 1000 a minute. Lower --rate',
  ],
  ["a rate below the number of things", { rate: "11/min" }, reachOf(12), undefined],
  [
    "a slow rate for an unknown number of things",
    { rate: "5/min" },
    reachOf(0, "they cannot be read"),
    undefined,
  ],
  ["a ramp", { ramp: "10/min x2 after 50 succeeded" }, reachOf(12), undefined],
  [
    "a ramp with a fast rate",
    { ramp: "10/min x2 after 50 succeeded", rate: "1000/min" },
    reachOf(12),
    undefined,
  ],
  ["a rule for all things of the job, which no rate helps", {}, reachOf(3), undefined],
])("an abort rule and %s", (_what, rollout, reach, warning) => {
  const spec = { rollout: parseRollout({ ...rollout, abortOn: ["failed>10% after 3"] }) };
  expect(abortWithoutRate(spec, reach)).toEqual(warning === undefined ? [] : [warning]);
});

test("a rollout without abort rules needs no rate", () => {
  expect(abortWithoutRate({ rollout: parseRollout({}) }, reachOf(12))).toEqual([]);
});
