/**
 * A rehearsal against real devices: `fota device` with `fota local`, whose clock moves from minute to minute when the
 * devices have done what they can. Then the counts of each minute are the same. bench/rehearsal-against-devices.mjs
 * compares more rollouts, in real time.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeJobCommand, IoTClient, type Job } from "@aws-sdk/client-iot";
import { manualClock, type RehearsalRun, startLocal, type TimelinePoint } from "@fota/local";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDevices } from "../../local/src/rehearsal/devices.js";
import { checkInput, type RehearsalInput, type RehearsalJob } from "../../local/src/rehearsal/input.js";
import { runRehearsal } from "../../local/src/rehearsal/run.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

const SEED = 2;
const SIZE = 16;
const IMAGE_BYTES = 3000;
const MINUTE_MS = 60_000;
const credentials = { accessKeyId: "test", secretAccessKey: "test" };

let folder: string;
beforeEach(async () => {
  stubEnvironment();
  folder = await mkdtemp(join(tmpdir(), "fota-rehearsal-devices-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, maxRetries: 3 });
});

/** How a device ends its trial, and the options of `fota device` for that. */
const KINDS = {
  SUCCEEDED: [],
  FAILED: ["--fail", "boot"],
  hung: ["--fail", "hang", "--confirm-within", "10h"],
} as const;

type Counts = TimelinePoint["counts"];

test("a ramp with retries, trials that fail and devices that hang has the counts of a rehearsal", async () => {
  const { run, kinds } = rehearsed(
    { trialFailureShare: 0.25, hangShare: 0.2 },
    {
      jobExecutionsRolloutConfig: {
        exponentialRate: {
          baseRatePerMinute: 3,
          incrementFactor: 2,
          rateIncreaseCriteria: { numberOfSucceededThings: 3 },
        },
      },
      jobExecutionsRetryConfig: { criteriaList: [{ failureType: "FAILED", numberOfRetries: 1 }] },
      timeoutConfig: { inProgressTimeoutInMinutes: 2 },
    },
  );
  expect(new Set(kinds)).toEqual(new Set(["SUCCEEDED", "FAILED", "hung"]));
  const flags = ["--ramp", "3/min x2 after 3 succeeded", "--retry", "failed:1", "--thing-timeout", "2m"];
  const found = await onDevices(kinds, flags, run);
  expect(found.byMinute).toEqual(countsByMinute(run));
  expect(found.devicesThatRanImage).toBe(run.devicesThatRanImage);
  expect(found.job.status).toBe("COMPLETED");
});

test("an abort rule fires after as many devices as in a rehearsal", async () => {
  const { run, kinds } = rehearsed(
    { trialFailureShare: 0.5 },
    {
      jobExecutionsRolloutConfig: { maximumPerMinute: 4 },
      abortConfig: {
        criteriaList: [
          { failureType: "FAILED", action: "CANCEL", thresholdPercentage: 25, minNumberOfExecutedThings: 8 },
        ],
      },
    },
  );
  expect(run).toMatchObject({ result: "aborted", abort: { devicesThatRanImage: 8 } });
  const found = await onDevices(kinds, ["--rate", "4/min", "--abort-on", "failed>25% after 8"], run);
  expect(found.byMinute).toEqual(countsByMinute(run));
  expect(found.devicesThatRanImage).toBe(8);
  expect(found.job).toMatchObject({ status: "CANCELED", reasonCode: "ABORT_CRITERIA_MET" });
});

/** Runs a rehearsal with devices that need no time, and returns how the image ends on each of them. */
function rehearsed(shares: { trialFailureShare: number; hangShare?: number }, job: RehearsalJob) {
  const linkSpeed = { medianBytesPerSecond: 1e9 };
  const group = { name: "all", weight: 1, linkSpeed, trialSeconds: 0, ...shares };
  const population = { size: SIZE, groups: [group] };
  const input: RehearsalInput = { startMs: Date.now(), job, population, imageBytes: IMAGE_BYTES };
  const devices = createDevices(population, SEED);
  const kinds = Array.from(
    { length: SIZE },
    (_, device) => devices.trialOutcome(device, 1) as keyof typeof KINDS,
  );
  return { run: runRehearsal(checkInput(input), SEED), kinds };
}

/** Runs the same rollout on real devices, and returns the counts at the end of each minute. */
async function onDevices(
  kinds: readonly (keyof typeof KINDS)[],
  flags: readonly string[],
  { timeline }: RehearsalRun,
) {
  // A rollout takes the things in the order in which they joined the group.
  const seen: Record<string, number> = {};
  const things = kinds.map((kind) => {
    seen[kind] = (seen[kind] ?? 0) + 1;
    return `${kind}-${seen[kind]}`;
  });
  const local = await startLocal({
    clock: manualClock(Date.now()),
    groups: { fleet: things },
    buckets: ["firmware"],
  });
  const env = { AWS_ENDPOINT_URL: local.endpoint };
  const iot = new IoTClient({ endpoint: local.endpoint, region: local.region, credentials });
  const stop = new AbortController();
  const running = Object.entries(seen).map(([kind, count]) => {
    const args = ["device", "--local", "--thing", kind, "--count", `${count}`, "--dir", folder, "--json"];
    const options = KINDS[kind as keyof typeof KINDS];
    return runFota([...args, ...options], { cwd: folder, env, signal: stop.signal });
  });
  try {
    await writeFile(join(folder, "app.bin"), randomBytes(IMAGE_BYTES));
    const to = ["--slot", "1", "--to", "group:fleet", "--bucket", "firmware", "--local", "--json"];
    const { stdout } = await runFota(["publish", "app.bin", ...to, ...flags], { cwd: folder, env });
    const { jobId } = JSON.parse(stdout) as { jobId: string };
    const describe = async (): Promise<Job> => {
      const { job = {} } = await iot.send(new DescribeJobCommand({ jobId }));
      return job;
    };
    const byMinute: Record<string, number>[] = [];
    const endMs = timeline.at(-1)?.afterMs ?? 0;
    for (let minute = 0; minute * MINUTE_MS <= endMs; minute += 1) {
      if (minute > 0) local.clock.advance(MINUTE_MS);
      // Devices that hang stay in progress.
      const inProgress = countsByMinute({ timeline })[minute]?.["IN_PROGRESS"];
      const pending = async () => {
        const { QUEUED, IN_PROGRESS } = countsOf(await describe());
        return { QUEUED, IN_PROGRESS };
      };
      await expect.poll(pending, { interval: 20 }).toEqual({ QUEUED: 0, IN_PROGRESS: inProgress });
      byMinute.push(countsOf(await describe()));
    }
    const job = await describe();
    stop.abort();
    const lines = (await Promise.all(running)).flatMap(({ stdout }) => stdout.trim().split("\n"));
    const ran = lines
      .map((line) => JSON.parse(line))
      .filter(({ event, trial }) => event === "booted" && trial);
    return { job, byMinute, devicesThatRanImage: new Set(ran.map(({ thing }) => thing)).size };
  } finally {
    stop.abort();
    await Promise.allSettled(running);
    iot.destroy();
    await local.stop();
  }
}

/** Returns the last counts of each minute. */
function countsByMinute({ timeline }: Pick<RehearsalRun, "timeline">): Pick<Counts, Member>[] {
  const last: Pick<Counts, Member>[] = [];
  for (const { afterMs, counts } of timeline) {
    const shown = Object.fromEntries(MEMBERS.map((status) => [status, counts[status]]));
    last[Math.floor(afterMs / MINUTE_MS)] = shown as Pick<Counts, Member>;
  }
  return last;
}

const MEMBERS = ["QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT", "CANCELED"] as const;
type Member = (typeof MEMBERS)[number];

function countsOf({ jobProcessDetails: details = {} }: Job): Pick<Counts, Member> {
  return {
    QUEUED: details.numberOfQueuedThings ?? 0,
    IN_PROGRESS: details.numberOfInProgressThings ?? 0,
    SUCCEEDED: details.numberOfSucceededThings ?? 0,
    FAILED: details.numberOfFailedThings ?? 0,
    TIMED_OUT: details.numberOfTimedOutThings ?? 0,
    CANCELED: details.numberOfCanceledThings ?? 0,
  };
}
