/** Rollout, abort, retries, schedules and events with the official SDK and a manual clock. */
import * as control from "@aws-sdk/client-iot";
import * as data from "@aws-sdk/client-iot-jobs-data-plane";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Local, manualClock, startLocal } from "../src/index.js";

/** 2026-11-24T00:00:00Z. */
const startMs = Date.UTC(2026, 10, 24);
const minuteMs = 60_000;
const groupArn = "arn:aws:iot:us-east-1:000000000000:thinggroup/fleet";
const things = ["t0", "t1", "t2", "t3"];

let clock: ReturnType<typeof manualClock>;
let local: Local;
let iot: control.IoTClient;
let device: data.IoTJobsDataPlaneClient;

beforeEach(async () => {
  clock = manualClock(startMs);
  local = await startLocal({ clock });
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const config = { endpoint: local.endpoint, region: local.region, credentials, maxAttempts: 1 };
  iot = new control.IoTClient(config);
  device = new data.IoTJobsDataPlaneClient(config);
  await iot.send(new control.CreateThingGroupCommand({ thingGroupName: "fleet" }));
  for (const thingName of things) {
    await iot.send(new control.CreateThingCommand({ thingName }));
    await iot.send(new control.AddThingToThingGroupCommand({ thingName, thingGroupName: "fleet" }));
  }
});

afterEach(async () => {
  iot.destroy();
  device.destroy();
  await local.stop();
});

const createJob = (more: Partial<control.CreateJobCommandInput>) =>
  iot.send(new control.CreateJobCommand({ jobId: "j1", targets: [groupArn], document: "{}", ...more }));
const describeJob = async () => (await iot.send(new control.DescribeJobCommand({ jobId: "j1" }))).job ?? {};
const queued = async () => (await describeJob()).jobProcessDetails?.numberOfQueuedThings;
const report = (thingName: string, status: data.JobExecutionStatus) =>
  device.send(new data.UpdateJobExecutionCommand({ jobId: "j1", thingName, status }));

test("a job returns all its options", async () => {
  const asked = {
    targetSelection: "CONTINUOUS",
    jobExecutionsRolloutConfig: {
      maximumPerMinute: 100,
      exponentialRate: {
        baseRatePerMinute: 10,
        incrementFactor: 1.5,
        rateIncreaseCriteria: { numberOfSucceededThings: 20 },
      },
    },
    abortConfig: {
      criteriaList: [
        { failureType: "FAILED", action: "CANCEL", thresholdPercentage: 33.33, minNumberOfExecutedThings: 3 },
      ],
    },
    jobExecutionsRetryConfig: { criteriaList: [{ failureType: "ALL", numberOfRetries: 2 }] },
    timeoutConfig: { inProgressTimeoutInMinutes: 15 },
    schedulingConfig: {
      startTime: "2026-11-25T00:00",
      endTime: "2026-12-20T00:00",
      endBehavior: "CANCEL",
      maintenanceWindows: [{ startTime: "cron(0 3 ? * SUN *)", durationInMinutes: 120 }],
    },
  } satisfies Partial<control.CreateJobCommandInput>;
  await createJob(asked);
  expect(await describeJob()).toMatchObject({
    status: "SCHEDULED",
    ...asked,
    scheduledJobRollouts: ["2026-11-29T03:00", "2026-12-06T03:00", "2026-12-13T03:00"].map((startTime) => ({
      startTime,
    })),
  });
  const { jobs } = await iot.send(new control.ListJobsCommand({ status: "SCHEDULED" }));
  expect(jobs).toMatchObject([{ jobId: "j1", isConcurrent: false }]);
});

test("a rate limit delays executions to later minutes", async () => {
  await createJob({ jobExecutionsRolloutConfig: { maximumPerMinute: 3 } });
  await expect.poll(queued).toBe(3);
  expect(await describeJob()).toMatchObject({
    isConcurrent: true,
    jobProcessDetails: { processingTargets: [groupArn] },
  });
  clock.advance(minuteMs);
  await expect.poll(queued).toBe(4);
  expect((await describeJob()).jobProcessDetails?.processingTargets).toBeUndefined();
});

test("a failed execution is retried, and enough failures abort the job", async () => {
  await createJob({
    jobExecutionsRetryConfig: { criteriaList: [{ failureType: "FAILED", numberOfRetries: 1 }] },
    abortConfig: {
      criteriaList: [
        { failureType: "FAILED", action: "CANCEL", thresholdPercentage: 100, minNumberOfExecutedThings: 2 },
      ],
    },
  });
  await expect.poll(queued).toBe(4);
  await report("t0", "FAILED");
  const { executionSummaries } = await iot.send(
    new control.ListJobExecutionsForThingCommand({ thingName: "t0" }),
  );
  expect(executionSummaries).toMatchObject([
    { jobExecutionSummary: { status: "QUEUED", executionNumber: 2, retryAttempt: 1 } },
    { jobExecutionSummary: { status: "FAILED", executionNumber: 1, retryAttempt: 0 } },
  ]);
  await report("t1", "FAILED");
  expect(await describeJob()).toMatchObject({
    status: "CANCELED",
    reasonCode: "ABORT_CRITERIA_MET",
    jobProcessDetails: { numberOfFailedThings: 2, numberOfCanceledThings: 3, numberOfQueuedThings: 0 },
  });
});

test("a schedule starts and ends a job", async () => {
  await createJob({
    schedulingConfig: {
      startTime: "2026-11-24T01:00",
      endTime: "2026-11-24T02:00",
      endBehavior: "FORCE_CANCEL",
    },
  });
  clock.advance(60 * minuteMs);
  await expect.poll(queued).toBe(4);
  await report("t0", "IN_PROGRESS");
  clock.advance(60 * minuteMs);
  await expect.poll(async () => (await describeJob()).status).toBe("CANCELED");
  expect(await describeJob()).toMatchObject({
    forceCanceled: true,
    jobProcessDetails: { numberOfCanceledThings: 4 },
  });
});

test("targets can be added to a CONTINUOUS job", async () => {
  await iot.send(new control.CreateThingCommand({ thingName: "t9" }));
  await createJob({ targetSelection: "CONTINUOUS" });
  await expect.poll(queued).toBe(4);
  const targets = ["arn:aws:iot:us-east-1:000000000000:thing/t9"];
  const associated = await iot.send(new control.AssociateTargetsWithJobCommand({ jobId: "j1", targets }));
  expect(associated.jobArn).toBe("arn:aws:iot:us-east-1:000000000000:job/j1");
  await expect.poll(queued).toBe(5);
});

test("events reach their subscribers after they are enabled", async () => {
  await iot.send(
    new control.UpdateEventConfigurationsCommand({
      eventConfigurations: { JOB: { Enabled: true }, JOB_EXECUTION: { Enabled: true } },
    }),
  );
  const observer = await connectAsync(local.mqtt, { clientId: "observer", reconnectPeriod: 0 });
  const topics: string[] = [];
  observer.on("message", (topic) => topics.push(topic));
  await observer.subscribeAsync("$aws/events/#", { qos: 1 });
  await createJob({ targets: ["arn:aws:iot:us-east-1:000000000000:thing/t0"] });
  await expect.poll(queued).toBe(1);
  await report("t0", "SUCCEEDED");
  const ofJobs = () => topics.filter((topic) => topic.startsWith("$aws/events/job"));
  await expect
    .poll(() => ofJobs().sort())
    .toEqual(["$aws/events/job/j1/completed", "$aws/events/jobExecution/j1/succeeded"]);
  await observer.endAsync();
});

describe("an unsupported option is refused by name", () => {
  test.each<[string, Partial<control.CreateJobCommandInput>]>([["namespaceId", { namespaceId: "fleet-1" }]])(
    "%s",
    async (name, more) => {
      await expect(createJob(more)).rejects.toThrow(`fota local does not support ${name} of CreateJob`);
      await expect(describeJob()).rejects.toThrow(control.ResourceNotFoundException);
    },
  );
});
