import { expect, test } from "vitest";
import { withBadImage } from "./bad-image.js";
import type { RehearsalInput, RehearsalJob } from "./input.js";
import type { DeviceGroup } from "./population.js";
import { rehearse } from "./rehearse.js";
import { type Suggestion, type SuggestOptions, suggestRollout } from "./suggest.js";

const linkSpeed = { medianBytesPerSecond: 50_000, slowBytesPerSecond: 10_000 };
const FLEET: DeviceGroup = { name: "all", weight: 1, linkSpeed, trialFailureShare: 0.01 };

function inputOf(size: number, group: Partial<DeviceGroup> = {}, job: RehearsalJob = {}): RehearsalInput {
  const population = { size, groups: [{ ...FLEET, ...group }] };
  return { startMs: Date.UTC(2026, 10, 24), job, population, imageBytes: 600_000 };
}

function suggest(input: RehearsalInput, options?: SuggestOptions): Suggestion | undefined {
  const search = suggestRollout(input, options);
  for (;;) {
    const step = search.next();
    if (step.done === true) return step.value;
  }
}

test("the suggested rule stops a bad image early and is quiet otherwise, with other seeds, too", () => {
  const input = inputOf(1000);
  const found = suggest(input, { maxBadShare: 0.02 }) as Suggestion;
  expect(found).toMatchObject({ maxBadDevices: 20, isWithinMaxBad: true, lateRuns: 0 });
  expect(found.bad.map(({ kind, share }) => `${kind} ${share}`)).toEqual([
    "fails 0.3",
    "fails 1",
    "hangs 0.3",
  ]);
  const used = { ...input, job: found.job };
  const other = { seed: 5000, runs: 20 };
  const bad = rehearse(
    { ...used, population: withBadImage(input.population, { kind: "fails", share: 0.3 }) },
    other,
  );
  expect(bad.abortedRuns).toBe(20);
  expect(bad.devicesThatRanImage.p50).toBeLessThanOrEqual(20);
  expect(bad.devicesThatRanImage.p90).toBeLessThanOrEqual(30);
  expect(rehearse(used, other).abortedRuns).toBeLessThanOrEqual(1);
});

test("the same seed gives the same suggestion", () => {
  expect(suggest(inputOf(100), { seed: 4 })).toEqual(suggest(inputOf(100), { seed: 4 }));
});

test("a larger share of bad devices permits a rollout that is at least as fast", () => {
  const [strict, loose] = [0.02, 0.3].map((maxBadShare) => suggest(inputOf(150), { maxBadShare }));
  expect(loose?.normal.endedAfterMs.p50).toBeLessThanOrEqual(strict?.normal.endedAfterMs.p50 ?? 0);
  expect(loose?.isWithinMaxBad).toBe(true);
});

test("a fleet that is too small for the share gets a rule that needs more devices, and it says so", () => {
  const found = suggest(inputOf(100));
  expect(found).toMatchObject({ maxBadDevices: 1, isWithinMaxBad: false });
  expect(found?.bad[0]?.rehearsal).toMatchObject({ abortedRuns: 20 });
});

test("there is no rule for a fleet whose own failures look like a bad image", () => {
  expect(suggest(inputOf(100, { trialFailureShare: 0.6 }))).toBeUndefined();
});

test("a time limit is added only where there is none, and is longer than every attempt of a good image", () => {
  const added = suggest(inputOf(100))?.job.timeoutConfig?.inProgressTimeoutInMinutes ?? 0;
  const { runs } = rehearse(inputOf(100), { runs: 5 });
  expect(added * 60_000).toBeGreaterThan(Math.max(...runs.map(({ longestAttemptMs }) => longestAttemptMs)));
  const timeoutConfig = { inProgressTimeoutInMinutes: 77 };
  expect(suggest(inputOf(100, {}, { timeoutConfig }))?.job.timeoutConfig).toEqual(timeoutConfig);
});

test("runs whose URL expires before all devices have started are late", () => {
  const input = { ...inputOf(200), urlLifetimeMs: 60_000 };
  expect(suggest(input)?.lateRuns).toBeGreaterThan(0);
});

test.each([0, -1, 2, Number.NaN])("a share of %d is refused", (maxBadShare) => {
  expect(() => suggest(inputOf(10), { maxBadShare })).toThrow(/maxBadShare must be above 0 and at most 1/);
});

test("the search can stop before each run", () => {
  const search = suggestRollout(inputOf(100));
  let falseAlarmRuns = 0;
  for (let step = search.next(); step.done !== true; step = search.next()) {
    if (step.value.startsWith("looking for false alarms")) falseAlarmRuns += 1;
  }
  expect(falseAlarmRuns).toBeGreaterThanOrEqual(100);
});
