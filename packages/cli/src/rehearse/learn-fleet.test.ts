import { decodeStatusDetails } from "@fota/shared";
import { expect, test } from "vitest";
import { drawFrom } from "../../../local/src/rehearsal/draw.js";
import { checkInput, type RehearsalJob } from "../../../local/src/rehearsal/input.js";
import { assignGroups } from "../../../local/src/rehearsal/memberships.js";
import type { DeviceGroup } from "../../../local/src/rehearsal/population.js";
import { runRehearsal } from "../../../local/src/rehearsal/run.js";
import { learnFleet } from "./learn-fleet.js";
import type { ObservedExecution, ObservedJob } from "./observed.js";

const START_MS = Date.UTC(2026, 10, 24, 7, 20);
const SEED = 11;
const SECOND_MS = 1000;

/** Times as AWS IoT has them: whole seconds. */
const toSecond = (ms: number) => Math.floor(ms / SECOND_MS) * SECOND_MS;

/** Runs a rehearsal, and returns its executions as if they were read from AWS IoT. */
function observe(
  groups: DeviceGroup[],
  size: number,
  {
    job = {},
    imageBytes = 600_000,
    jobId = "job-1",
  }: { job?: RehearsalJob; imageBytes?: number; jobId?: string } = {},
): ObservedJob {
  const executions: ObservedExecution[] = [];
  const input = checkInput({ startMs: START_MS, job, population: { size, groups }, imageBytes });
  const run = runRehearsal(input, SEED, {
    onExecutions: (found) => {
      for (const execution of found) {
        const {
          thingName: thing,
          executionNumber,
          status,
          queuedAtMs,
          startedAtMs,
          lastUpdatedAtMs,
        } = execution;
        executions.push({
          thing,
          attempt: executionNumber,
          status,
          queuedMs: toSecond(queuedAtMs),
          ...(startedAtMs !== undefined && { startedMs: toSecond(startedAtMs) }),
          lastUpdatedMs: toSecond(lastUpdatedAtMs),
          report: decodeStatusDetails(execution.statusDetails),
        });
      }
    },
  });
  const seenUntilMs = START_MS + (run.result === "unfinished" ? 30 * 86_400_000 : (run.endedAfterMs ?? 0));
  return { jobId, createdMs: START_MS, seenUntilMs, imageBytes, hasWindows: false, executions };
}

const linkSpeed = { medianBytesPerSecond: 20_000, slowBytesPerSecond: 5_000 };
const RETRY: RehearsalJob = {
  jobExecutionsRolloutConfig: { maximumPerMinute: 100 },
  timeoutConfig: { inProgressTimeoutInMinutes: 240 },
  jobExecutionsRetryConfig: { criteriaList: [{ failureType: "ALL", numberOfRetries: 3 }] },
};

test("a rehearsal whose executions are learned gives its fleet back", () => {
  const group: DeviceGroup = {
    name: "all",
    weight: 1,
    linkSpeed,
    trialSeconds: 40,
    reactionSeconds: 2,
    rejectionShare: 0.02,
    downloadFailureShare: 0.05,
    trialFailureShare: 0.04,
    hangShare: 0.03,
    reportLossShare: 0.04,
    neverOnlineShare: 0.06,
  };
  const { groups, devices, executions, warnings } = learnFleet(
    [observe([group], 5000, { job: RETRY })],
    () => "all",
  );
  expect(devices).toBe(5000);
  expect(executions).toBeGreaterThan(5000);
  expect(warnings).toEqual([]);
  const [found] = groups;
  expect(found?.weight).toBe(5000);
  expect(found?.onlineByHour).toBeUndefined();
  const shares = [
    "rejection",
    "downloadFailure",
    "trialFailure",
    "hang",
    "reportLoss",
    "neverOnline",
  ] as const;
  for (const share of shares) {
    const key = `${share}Share` as const;
    expect([key, Math.abs((found?.[key] ?? 0) - (group[key] ?? 0)) < 0.01]).toEqual([key, true]);
  }
  // Whole seconds hide up to one second of it.
  expect(Math.abs((found?.reactionSeconds ?? 0) - 2)).toBeLessThan(1);
  expect(Math.abs((found?.trialSeconds ?? 0) - 40)).toBeLessThan(5);
  expect((found?.linkSpeed.medianBytesPerSecond ?? 0) / 20_000).toBeCloseTo(1, 0);
  expect((found?.linkSpeed.slowBytesPerSecond ?? 0) / 5_000).toBeCloseTo(1, 0);
});

test("a fleet without failures is learned without shares", () => {
  const { groups } = learnFleet([observe([{ name: "all", weight: 1, linkSpeed }], 400)], () => "all");
  expect(Object.keys(groups[0] ?? {}).sort()).toEqual(
    ["linkSpeed", "name", "reactionSeconds", "trialSeconds", "weight"].sort(),
  );
});

test("the hours in which devices are online come from when they start", () => {
  const onlineByHour = Array.from({ length: 24 }, (_, hour) => (hour >= 8 && hour < 18 ? 0.8 : 0.3));
  const job: RehearsalJob = { jobExecutionsRolloutConfig: { maximumPerMinute: 3 } };
  const observed = observe([{ name: "all", weight: 1, linkSpeed, onlineByHour }], 6000, { job });
  const found = learnFleet([observed], () => "all").groups[0]?.onlineByHour ?? [];
  expect(found).toHaveLength(24);
  const errors = found.map((share, hour) => Math.abs(share - (onlineByHour[hour] ?? 0)));
  expect(Math.max(...errors)).toBeLessThan(0.12);
  expect(errors.reduce((sum, error) => sum + error, 0) / 24).toBeLessThan(0.05);
});

test("groups are learned apart, with the number of their devices as weight", () => {
  const groups: DeviceGroup[] = [
    { name: "good", weight: 3, linkSpeed },
    { name: "bad", weight: 1, linkSpeed, trialFailureShare: 0.5 },
  ];
  const memberships = assignGroups({ size: 2000, groups }, drawFrom(SEED));
  const nameOf = (thing: string) =>
    groups[memberships[Number(thing.slice("device-".length))] ?? 0]?.name ?? "";
  const { groups: found } = learnFleet([observe(groups, 2000)], (_job, { thing }) => nameOf(thing));
  expect(found).toMatchObject([
    { name: "bad", weight: 500 },
    { name: "good", weight: 1500 },
  ]);
  expect(found[0]?.trialFailureShare).toBeCloseTo(0.5, 1);
  expect(found[1]).not.toHaveProperty("trialFailureShare");
});

test("two image sizes tell the download from the trial where all links are equally fast", () => {
  const group: DeviceGroup = {
    name: "all",
    weight: 1,
    linkSpeed: { medianBytesPerSecond: 10_000 },
    trialSeconds: 30,
  };
  const [small, large] = [
    observe([group], 200, { imageBytes: 100_000 }),
    observe([group], 200, { imageBytes: 1_000_000, jobId: "job-2" }),
  ];
  const both = learnFleet([small, large], () => "all");
  expect(both.groups[0]?.trialSeconds).toBeCloseTo(30, 0);
  expect((both.groups[0]?.linkSpeed.medianBytesPerSecond ?? 0) / 10_000).toBeCloseTo(1, 1);
  expect(both.warnings).toEqual([]);
  const one = learnFleet([large], () => "all");
  expect(one.warnings).toEqual([expect.stringContaining("learn from an image of another size, too")]);
  // The image takes as long as it did, with either answer.
  expect(one.groups[0]?.trialSeconds).toBeCloseTo(130, 0);
});

test("few devices, hours without a device, windows and groups without a success are warned about", () => {
  const [observed] = [observe([{ name: "all", weight: 1, linkSpeed }], 20)];
  expect(learnFleet([observed], () => "all").warnings).toEqual([
    "all: only 20 devices, so small shares are chance",
  ]);
  expect(learnFleet([{ ...observed, hasWindows: true }], () => "all").warnings).toContain(
    "all: job-1 has maintenance windows, so it does not tell when devices are online",
  );
  const failing = observe([{ name: "all", weight: 1, linkSpeed, trialFailureShare: 1 }], 20);
  expect(learnFleet([failing], () => "all")).toMatchObject({
    groups: [],
    warnings: ["all: no update succeeded, so nothing tells its speed; it is left out"],
  });
});

test("a device that timed out and answered a later job did not hang", () => {
  const at = (seconds: number) => START_MS + 1000 * seconds;
  const timedOut = {
    attempt: 1,
    status: "TIMED_OUT",
    queuedMs: at(0),
    startedMs: at(1),
    lastUpdatedMs: at(3600),
  } as const;
  const good = {
    attempt: 1,
    status: "SUCCEEDED",
    queuedMs: at(0),
    startedMs: at(1),
    lastUpdatedMs: at(61),
  } as const;
  const first: ObservedJob = {
    jobId: "a",
    createdMs: at(0),
    seenUntilMs: at(4000),
    imageBytes: 1000,
    hasWindows: false,
    executions: [
      { ...timedOut, thing: "pump-1" },
      { ...timedOut, thing: "pump-2" },
      { ...good, thing: "pump-3" },
      { ...good, thing: "pump-4" },
    ],
  };
  expect(learnFleet([first], () => "all").groups[0]?.hangShare).toBe(0.5);
  const later = {
    ...good,
    thing: "pump-1",
    queuedMs: at(9000),
    startedMs: at(9001),
    lastUpdatedMs: at(9061),
  };
  const second = { ...first, jobId: "b", executions: [later] };
  expect(learnFleet([first, second], () => "all").groups[0]?.hangShare).toBe(0.25);
});
