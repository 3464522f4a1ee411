/** A rehearsal against a running stand-in: the same requests at the same times give the same counts. */
import { CreateJobCommand, DescribeJobCommand } from "@aws-sdk/client-iot";
import {
  IoTJobsDataPlaneClient,
  StartNextPendingJobExecutionCommand,
  UpdateJobExecutionCommand,
} from "@aws-sdk/client-iot-jobs-data-plane";
import { expect, test } from "vitest";
import { manualClock, startLocal } from "../src/index.js";
import { checkInput, type RehearsalJob } from "../src/rehearsal/input.js";
import { type DeviceRequest, runRehearsal } from "../src/rehearsal/run.js";
import { iotClientOf } from "./support/iot-client.js";

const SIZE = 30;
const MEMBERS = {
  QUEUED: "numberOfQueuedThings",
  IN_PROGRESS: "numberOfInProgressThings",
  SUCCEEDED: "numberOfSucceededThings",
  FAILED: "numberOfFailedThings",
  TIMED_OUT: "numberOfTimedOutThings",
  REJECTED: "numberOfRejectedThings",
  CANCELED: "numberOfCanceledThings",
} as const;

const job = {
  jobExecutionsRolloutConfig: {
    maximumPerMinute: 20,
    exponentialRate: {
      baseRatePerMinute: 2,
      incrementFactor: 1.5,
      rateIncreaseCriteria: { numberOfSucceededThings: 3 },
    },
  },
  timeoutConfig: { inProgressTimeoutInMinutes: 5 },
  jobExecutionsRetryConfig: { criteriaList: [{ failureType: "ALL", numberOfRetries: 1 }] },
  abortConfig: {
    criteriaList: [
      { failureType: "ALL", action: "CANCEL", thresholdPercentage: 40, minNumberOfExecutedThings: 20 },
    ],
  },
} satisfies RehearsalJob;

test.each([
  { trialFailureShare: 0.1, hangShare: 0, reportLossShare: 0.1, result: "completed" },
  { trialFailureShare: 0.1, hangShare: 0.1, reportLossShare: 0.1, result: "unfinished" },
  { trialFailureShare: 0.4, hangShare: 0, reportLossShare: 0.1, result: "aborted" },
])("a rollout that ends $result goes as it does on the stand-in", async ({ result, ...shares }) => {
  const clock = manualClock();
  const startMs = clock.nowMs();
  const linkSpeed = { medianBytesPerSecond: 2000, slowBytesPerSecond: 500 };
  const groups = [{ name: "all", weight: 1, linkSpeed, ...shares }];
  const input = checkInput({ startMs, job, population: { size: SIZE, groups }, imageBytes: 100_000 });
  const steps: { nowMs: number; request: DeviceRequest; counts: Record<string, number> }[] = [];
  const run = runRehearsal(input, 3, {
    onRequest: (nowMs, request, { counts }) => steps.push({ nowMs, request, counts: { ...counts } }),
  });
  expect(run.result).toBe(result);

  const things = Array.from({ length: SIZE }, (_, device) => `device-${device}`);
  const local = await startLocal({ clock, groups: { fleet: things } });
  const iot = iotClientOf(local);
  const { endpoint, region } = local;
  const credentials = { accessKeyId: "any", secretAccessKey: "any" };
  const data = new IoTJobsDataPlaneClient({ endpoint, region, credentials, maxAttempts: 1 });
  const counts = async () => {
    const { job: found } = await iot.send(new DescribeJobCommand({ jobId: "rehearsal" }));
    const details = found?.jobProcessDetails;
    return Object.fromEntries(
      Object.entries(MEMBERS).map(([status, member]) => [status, details?.[member] ?? 0]),
    );
  };
  try {
    const targets = [`arn:aws:iot:${region}:000000000000:thinggroup/fleet`];
    await iot.send(new CreateJobCommand({ jobId: "rehearsal", targets, document: "{}", ...job }));
    for (const { nowMs, request, counts: expected } of steps) {
      local.clock.advance(nowMs - local.clock.nowMs());
      const { thingName } = request;
      if (request.command === "startNextExecution") {
        await data.send(new StartNextPendingJobExecutionCommand({ thingName }));
      } else {
        const { status } = request;
        await data.send(new UpdateJobExecutionCommand({ jobId: "rehearsal", thingName, status }));
      }
      expect(expected).toMatchObject(await counts());
    }
    local.clock.advance(startMs + (run.timeline.at(-1)?.afterMs ?? 0) - local.clock.nowMs());
    expect(run.counts).toMatchObject(await counts());
  } finally {
    iot.destroy();
    data.destroy();
    await local.stop();
  }
});
