import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RehearsalInput, RehearsalJob } from "./input.js";
import type { DeviceGroup } from "./population.js";
import { rehearse, summarizeRuns } from "./rehearse.js";
import type { RehearsalRun } from "./result.js";

/** 2026-11-24T00:00:00Z, a Tuesday. */
const START_MS = Date.UTC(2026, 10, 24);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Devices that react at once, download 10,000 bytes in 10 s and report 60 s later. */
const GOOD: DeviceGroup = {
  name: "good",
  weight: 1,
  linkSpeed: { medianBytesPerSecond: 1000 },
  reactionSeconds: 0,
};

function inputOf(size: number, group: Partial<DeviceGroup>, job: RehearsalJob = {}): RehearsalInput {
  const population = { size, groups: [{ ...GOOD, ...group }] };
  return { startMs: START_MS, job, population, imageBytes: 10_000 };
}

function runOf(...args: Parameters<typeof inputOf>): RehearsalRun {
  return rehearse(inputOf(...args)).runs[0] as RehearsalRun;
}

const abortAt = (thresholdPercentage: number, minNumberOfExecutedThings: number): RehearsalJob => ({
  abortConfig: {
    criteriaList: [
      {
        failureType: "ALL" as const,
        action: "CANCEL" as const,
        thresholdPercentage,
        minNumberOfExecutedThings,
      },
    ],
  },
});
const rate = (maximumPerMinute: number): RehearsalJob => ({
  jobExecutionsRolloutConfig: { maximumPerMinute },
});
const timeout: RehearsalJob = { timeoutConfig: { inProgressTimeoutInMinutes: 30 } };

describe("a rollout", () => {
  test("ends after its last batch, the download and the trial", () => {
    const run = runOf(25, {}, rate(10));
    expect(run).toMatchObject({ result: "completed", endedAfterMs: 2 * MINUTE_MS + 70_000 });
    expect(run).toMatchObject({
      devicesThatRanImage: 25,
      downloadedBytes: 250_000,
      counts: { SUCCEEDED: 25 },
    });
  });

  test("without a rate creates 1,000 executions per minute, as AWS does", () => {
    expect(runOf(2500, {}).endedAfterMs).toBe(2 * MINUTE_MS + 70_000);
  });

  test("speeds up by the exponential rate", () => {
    const exponentialRate = {
      baseRatePerMinute: 10,
      incrementFactor: 2,
      rateIncreaseCriteria: { numberOfNotifiedThings: 10 },
    };
    // 10, 20 and 80 executions in the first three minutes.
    const run = runOf(110, {}, { jobExecutionsRolloutConfig: { exponentialRate } });
    expect(run.endedAfterMs).toBe(2 * MINUTE_MS + 70_000);
  });

  test("waits for its start time and is canceled at its end time", () => {
    const schedulingConfig = {
      startTime: "2026-11-24T01:00",
      endTime: "2026-11-24T01:30",
      endBehavior: "CANCEL" as const,
    };
    const run = runOf(100, {}, { ...rate(1), schedulingConfig });
    expect(run).toMatchObject({ result: "canceled", counts: { SUCCEEDED: 30 } });
    expect(run.endedAfterMs).toBe(1.5 * HOUR_MS + 10_000);
  });

  test("starts no device between two maintenance windows", () => {
    const maintenanceWindows = [{ startTime: "cron(0 2 * * ? *)", durationInMinutes: 30 }];
    const job: RehearsalJob = { targetSelection: "CONTINUOUS", schedulingConfig: { maintenanceWindows } };
    const asleep = Array.from({ length: 24 }, (_, hour) => (hour === 4 ? 1 : 0));
    expect(runOf(5, {}, job)).toMatchObject({ result: "completed", endedAfterMs: 2 * HOUR_MS + 70_000 });
    const horizonMs = 48 * HOUR_MS;
    const [run] = rehearse({ ...inputOf(5, { onlineByHour: asleep }, job), horizonMs }).runs;
    expect(run).toMatchObject({ result: "unfinished", devicesThatRanImage: 0, counts: { QUEUED: 5 } });
  });

  test("waits for the hour in which devices are online", () => {
    const onlineByHour = Array.from({ length: 24 }, (_, hour) => (hour === 9 ? 1 : 0));
    const { endedAfterMs = 0 } = runOf(50, { onlineByHour });
    expect(endedAfterMs).toBeGreaterThan(9.5 * HOUR_MS);
    expect(endedAfterMs).toBeLessThan(10.1 * HOUR_MS);
  });

  test("with trials of no time ends after the download", () => {
    expect(runOf(3, { trialSeconds: 0 }).endedAfterMs).toBe(10_000);
  });

  test("with slow trials takes longer than that of the median", () => {
    expect(runOf(1000, { slowTrialSeconds: 300 }).endedAfterMs).toBeGreaterThan(300_000);
  });

  test("of slow links takes longer than that of the median", () => {
    const linkSpeed = { medianBytesPerSecond: 1000, slowBytesPerSecond: 100 };
    const [{ endedAfterMs = 0 } = {}] = rehearse(inputOf(1000, { linkSpeed })).runs;
    expect(endedAfterMs).toBeGreaterThan(161_000);
  });
});

describe("a device", () => {
  test("that never comes online leaves the job unfinished", () => {
    const run = runOf(10, { neverOnlineShare: 1 });
    expect(run).toMatchObject({ result: "unfinished", counts: { QUEUED: 10 }, downloadedBytes: 0 });
    expect(run).not.toHaveProperty("endedAfterMs");
  });

  test("that fails its trial has run the image; one that fails the download or refuses has not", () => {
    expect(runOf(10, { trialFailureShare: 1 })).toMatchObject({
      devicesThatRanImage: 10,
      downloadedBytes: 100_000,
      counts: { FAILED: 10 },
    });
    const failed = runOf(10, { downloadFailureShare: 1 });
    expect(failed).toMatchObject({ devicesThatRanImage: 0, counts: { FAILED: 10 } });
    expect(failed.downloadedBytes).toBeLessThan(100_000);
    const refused = runOf(10, { rejectionShare: 1 });
    expect(refused).toMatchObject({ devicesThatRanImage: 0, downloadedBytes: 0, counts: { REJECTED: 10 } });
  });

  test("that hangs times out once, and never starts a retry", () => {
    const retry = { criteriaList: [{ failureType: "ALL" as const, numberOfRetries: 2 }] };
    expect(runOf(10, { hangShare: 1 }, timeout)).toMatchObject({ counts: { TIMED_OUT: 10 } });
    const retried = runOf(10, { hangShare: 1 }, { ...timeout, jobExecutionsRetryConfig: retry });
    expect(retried).toMatchObject({ result: "unfinished", counts: { TIMED_OUT: 10, QUEUED: 10 } });
  });

  test("whose report is lost downloads the image only once", () => {
    const retry = { criteriaList: [{ failureType: "TIMED_OUT" as const, numberOfRetries: 10 }] };
    const run = runOf(100, { reportLossShare: 0.2 }, { ...timeout, jobExecutionsRetryConfig: retry });
    expect(run).toMatchObject({ devicesThatRanImage: 100, downloadedBytes: 1_000_000 });
    expect(run.counts.SUCCEEDED).toBe(100);
    expect(run.counts.TIMED_OUT).toBeGreaterThan(0);
  });

  test("whose trial fails fails again in each retry, and downloads the image only once", () => {
    const retry = { criteriaList: [{ failureType: "FAILED" as const, numberOfRetries: 2 }] };
    const run = runOf(100, { trialFailureShare: 0.2 }, { jobExecutionsRetryConfig: retry });
    const failing = 100 - run.counts.SUCCEEDED;
    expect(failing).toBeGreaterThan(5);
    expect(run).toMatchObject({ counts: { FAILED: 3 * failing }, downloadedBytes: 1_000_000 });
  });

  test("whose download fails may succeed in a retry", () => {
    const retry = { criteriaList: [{ failureType: "FAILED" as const, numberOfRetries: 10 }] };
    const run = runOf(100, { downloadFailureShare: 0.2 }, { jobExecutionsRetryConfig: retry });
    expect(run).toMatchObject({ result: "completed", devicesThatRanImage: 100, counts: { SUCCEEDED: 100 } });
    expect(run.counts.FAILED).toBeGreaterThan(5);
  });

  test("that starts after the URL has expired fails, unless it holds the image", () => {
    const input = { ...inputOf(30, {}, rate(10)), urlLifetimeMs: 90_000 };
    expect(rehearse(input).runs[0]).toMatchObject({
      devicesThatRanImage: 20,
      downloadedBytes: 200_000,
      expiredUrls: 10,
      counts: { SUCCEEDED: 20, FAILED: 10 },
    });
  });

  test("whose execution timed out during the download does not run the image", () => {
    const linkSpeed = { medianBytesPerSecond: 1 };
    const run = runOf(3, { linkSpeed }, timeout);
    expect(run).toMatchObject({ devicesThatRanImage: 0, counts: { TIMED_OUT: 3 } });
  });
});

describe("an abort", () => {
  test("cancels what is queued, while devices in progress continue", () => {
    const { result, abort, devicesThatRanImage, counts } = runOf(
      1000,
      { trialFailureShare: 1 },
      { ...rate(10), ...abortAt(50, 5) },
    );
    expect(result).toBe("aborted");
    // The first ten devices fail at 70 s. The next ten start at 60 s; the fifth report aborts the job.
    expect(abort).toMatchObject({ afterMs: 70_000, inProgress: 15, devicesThatRanImage: 10 });
    expect(abort?.comment).toContain("50 percent");
    expect([devicesThatRanImage, counts.FAILED]).toEqual([20, 20]);
  });

  test("is counted over the runs, with percentiles of the runs in which it happened", () => {
    const rehearsal = rehearse(
      inputOf(200, { trialFailureShare: 0.1 }, { ...rate(20), ...abortAt(12, 50) }),
      {
        runs: 20,
      },
    );
    expect(rehearsal.abortedRuns).toBe(rehearsal.runs.filter(({ result }) => result === "aborted").length);
    expect(rehearsal.abortedRuns).toBeGreaterThan(0);
    expect(rehearsal.abort?.devicesThatRanImage.p50).toBeGreaterThanOrEqual(50);
    expect(rehearsal.endedAfterMs.p50).toBeLessThanOrEqual(rehearsal.endedAfterMs.p99);
  });
});

test("the same seed gives the same result, and another seed gives another one", () => {
  const input = inputOf(300, { trialFailureShare: 0.2, reportLossShare: 0.1 }, { ...timeout, ...rate(50) });
  expect(rehearse(input, { seed: 7, runs: 2 })).toEqual(rehearse(input, { seed: 7, runs: 2 }));
  expect(rehearse(input, { seed: 7 }).runs[0]).toEqual(rehearse(input, { seed: 6, runs: 2 }).runs[1]);
  expect(rehearse(input, { seed: 7 }).runs[0]?.counts).not.toEqual(
    rehearse(input, { seed: 8 }).runs[0]?.counts,
  );
});

test("runs that were made one by one have the same summary", () => {
  const input = inputOf(50, { trialFailureShare: 0.3 });
  const runs = [4, 5, 6].flatMap((seed) => rehearse(input, { seed }).runs);
  expect(summarizeRuns(runs)).toEqual(rehearse(input, { seed: 4, runs: 3 }));
});

test("a lower rate changes when devices fail, but not which ones", () => {
  const failing = { trialFailureShare: 0.2 };
  expect(runOf(300, failing, rate(7)).counts).toEqual(runOf(300, failing, rate(100)).counts);
});

test("sums match, and after an abort only devices in progress run the image", () => {
  const share = fc.double({ min: 0, max: 0.25, noNaN: true });
  const group = fc.record({
    rejectionShare: share,
    downloadFailureShare: share,
    trialFailureShare: share,
    hangShare: share,
    reportLossShare: share,
    neverOnlineShare: share,
  });
  const rule = fc.record({ percent: fc.integer({ min: 1, max: 100 }), min: fc.integer({ min: 1, max: 30 }) });
  const size = fc.integer({ min: 1, max: 60 });
  const retries = fc.integer({ min: 0, max: 3 });
  const perMinute = fc.integer({ min: 1, max: 30 });
  const seeds = fc.integer({ min: 0 });
  fc.assert(
    fc.property(
      size,
      group,
      rule,
      retries,
      perMinute,
      seeds,
      (things, shares, { percent, min }, n, r, seed) => {
        const job = {
          ...timeout,
          ...rate(r),
          ...abortAt(percent, min),
          jobExecutionsRetryConfig: { criteriaList: [{ failureType: "ALL" as const, numberOfRetries: n }] },
        };
        const { runs } = rehearse(inputOf(things, shares, job), { seed });
        const run = runs[0] as RehearsalRun;
        const { counts, timeline, abort, devicesThatRanImage } = run;
        const executions = Object.values(counts).reduce((sum, count) => sum + count, 0);
        expect(executions).toBeLessThanOrEqual(things * (n + 1));
        expect(run.downloadedBytes).toBeLessThanOrEqual(executions * 10_000);
        expect(counts.SUCCEEDED).toBeLessThanOrEqual(devicesThatRanImage);
        expect(devicesThatRanImage).toBeLessThanOrEqual(things);
        expect(timeline.length).toBeLessThanOrEqual(120);
        expect(timeline.at(-1)?.counts).toEqual(counts);
        if (run.result === "completed") expect(executions).toBeGreaterThanOrEqual(things);
        if (abort === undefined) return;
        expect(devicesThatRanImage).toBeLessThanOrEqual(abort.devicesThatRanImage + abort.inProgress);
        // No rule of a percentage can fire before `min` executions have ended.
        const ended = executions - counts.CANCELED - counts.QUEUED - counts.IN_PROGRESS;
        expect(ended).toBeGreaterThanOrEqual(min);
      },
    ),
    { numRuns: 60 },
  );
});

test("a wrong population or job is refused", () => {
  const refused = (group: Partial<DeviceGroup>, message: string) =>
    expect(() => rehearse(inputOf(10, group))).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(message) }),
    );
  refused({ hangShare: 1.5 }, "hangShare of group good must be a number from 0 to 1, got 1.5");
  refused({ hangShare: 0.6, rejectionShare: 0.6 }, "must be at most 1, got 1.2");
  refused({ onlineByHour: [1] }, "onlineByHour of group good must be 24 numbers");
  refused({ slowTrialSeconds: 59 }, "slowTrialSeconds of group good must be at least trialSeconds");
  refused({ trialSeconds: 0, slowTrialSeconds: 1 }, "slowTrialSeconds");
  refused({ weight: 0 }, "weight of group good must be above 0");
  refused({ linkSpeed: { medianBytesPerSecond: 10, slowBytesPerSecond: 20 } }, "slowBytesPerSecond");
  expect(() => rehearse(inputOf(0, {}))).toThrow("size must be a whole number");
  expect(() => rehearse(inputOf(1, {}), { runs: 0 })).toThrow("runs must be a whole number");
  expect(() => rehearse(inputOf(1, {}, rate(0)))).toThrow(
    expect.objectContaining({
      code: "ROLLOUT_INVALID",
      message: expect.stringMatching(/^AWS IoT would refuse this job: .*maximumPerMinute/),
    }),
  );
});
