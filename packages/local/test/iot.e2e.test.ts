/** The official SDK clients of `iot` and `iot-jobs-data` against one endpoint. */
import * as control from "@aws-sdk/client-iot";
import * as data from "@aws-sdk/client-iot-jobs-data-plane";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Local, startLocal } from "../src/index.js";

let local: Local;
let iot: control.IoTClient;
let device: data.IoTJobsDataPlaneClient;
/** Unique names for a test, because all tests share one stand-in. */
let thingName: string;
let jobId: string;
let thingArn: string;
let counter = 0;

beforeAll(async () => {
  local = await startLocal();
  const config = {
    endpoint: local.endpoint,
    region: local.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  // The SDK treats LimitExceeded as throttling, and would wait and retry.
  iot = new control.IoTClient({ ...config, maxAttempts: 1 });
  device = new data.IoTJobsDataPlaneClient({ ...config, maxAttempts: 1 });
});

afterAll(async () => {
  iot.destroy();
  device.destroy();
  await local.stop();
});

beforeEach(async () => {
  counter += 1;
  thingName = `line:${counter}`;
  jobId = `job-${counter}`;
  const thing = await iot.send(new control.CreateThingCommand({ thingName }));
  thingArn = thing.thingArn ?? "";
});

/** Creates the job and waits for its execution, which appears after the answer, as at AWS. */
async function createJob(
  more: Partial<control.CreateJobCommandInput> = {},
): Promise<control.CreateJobCommandOutput> {
  const input = { jobId, targets: [thingArn], document: '{"operation":"fota"}', ...more };
  const created = await iot.send(new control.CreateJobCommand(input));
  await expect.poll(async () => (await describeJob()).jobProcessDetails?.numberOfQueuedThings).toBe(1);
  return created;
}

async function describeJob(): Promise<control.Job> {
  const { job } = await iot.send(new control.DescribeJobCommand({ jobId }));
  if (job === undefined) throw new Error("DescribeJob answered without a job");
  return job;
}

test("one job from QUEUED to SUCCEEDED, seen from both sides", async () => {
  const before = new Date();
  expect(await createJob({ description: "release 12" })).toMatchObject({
    jobId,
    jobArn: `arn:aws:iot:us-east-1:000000000000:job/${jobId}`,
    description: "release 12",
  });
  const queued = await device.send(new data.GetPendingJobExecutionsCommand({ thingName }));
  expect(queued).toMatchObject({
    inProgressJobs: [],
    queuedJobs: [{ jobId, versionNumber: 1, executionNumber: 1 }],
  });
  const pending = new data.DescribeJobExecutionCommand({ thingName, jobId: "$next" });
  expect((await device.send(pending)).execution).toMatchObject({ jobId, thingName, status: "QUEUED" });

  const started = await device.send(
    new data.StartNextPendingJobExecutionCommand({
      thingName,
      statusDetails: { phase: "accepted" },
      stepTimeoutInMinutes: 10,
    }),
  );
  expect(started.execution).toMatchObject({
    jobId,
    thingName,
    status: "IN_PROGRESS",
    versionNumber: 2,
    jobDocument: '{"operation":"fota"}',
    statusDetails: { phase: "accepted" },
    approximateSecondsBeforeTimedOut: 600,
  });
  expect(Number.isInteger(started.execution?.startedAt)).toBe(true);
  const ended = await device.send(
    new data.UpdateJobExecutionCommand({
      thingName,
      jobId,
      status: "SUCCEEDED",
      expectedVersion: 2,
      statusDetails: { phase: "done" },
      includeJobExecutionState: true,
      includeJobDocument: true,
    }),
  );
  expect(ended).toMatchObject({
    executionState: { status: "SUCCEEDED", versionNumber: 3, statusDetails: { phase: "done" } },
    jobDocument: '{"operation":"fota"}',
  });
  expect((await device.send(pending)).execution).toBeUndefined();

  const job = await describeJob();
  expect(job).toMatchObject({
    status: "COMPLETED",
    targetSelection: "SNAPSHOT",
    targets: [thingArn],
    isConcurrent: false,
    jobProcessDetails: { numberOfQueuedThings: 0, numberOfInProgressThings: 0, numberOfSucceededThings: 1 },
  });
  expect(job.completedAt?.getTime()).toBeGreaterThanOrEqual(before.getTime() - 1_000);
  const { execution } = await iot.send(new control.DescribeJobExecutionCommand({ thingName, jobId }));
  expect(execution).toMatchObject({
    thingArn,
    status: "SUCCEEDED",
    versionNumber: 3,
    statusDetails: { detailsMap: { phase: "done" } },
  });
  expect(execution?.startedAt).toBeInstanceOf(Date);
});

test("a new job and a new execution look like AWS's examples", async () => {
  const { jobArn } = await createJob({ description: "example job test" });
  expect(await describeJob()).toEqual({
    jobArn,
    jobId,
    targetSelection: "SNAPSHOT",
    status: "IN_PROGRESS",
    targets: [thingArn],
    description: "example job test",
    presignedUrlConfig: {},
    jobExecutionsRolloutConfig: {},
    timeoutConfig: {},
    isConcurrent: false,
    createdAt: expect.any(Date),
    lastUpdatedAt: expect.any(Date),
    jobProcessDetails: {
      numberOfCanceledThings: 0,
      numberOfSucceededThings: 0,
      numberOfFailedThings: 0,
      numberOfRejectedThings: 0,
      numberOfQueuedThings: 1,
      numberOfInProgressThings: 0,
      numberOfRemovedThings: 0,
      numberOfTimedOutThings: 0,
    },
  });
  const { execution } = await iot.send(new control.DescribeJobExecutionCommand({ thingName, jobId }));
  expect(execution).toEqual({
    jobId,
    status: "QUEUED",
    statusDetails: {},
    thingArn,
    queuedAt: expect.any(Date),
    lastUpdatedAt: execution?.queuedAt,
    executionNumber: 1,
    versionNumber: 1,
  });
});

test("lists, filtered", async () => {
  await createJob();
  const forThing = await iot.send(new control.ListJobExecutionsForThingCommand({ thingName }));
  expect(forThing.executionSummaries).toMatchObject([
    { jobId, jobExecutionSummary: { status: "QUEUED", retryAttempt: 0 } },
  ]);
  const forJob = (status: control.JobExecutionStatus) =>
    iot.send(new control.ListJobExecutionsForJobCommand({ jobId, status }));
  expect((await forJob("QUEUED")).executionSummaries).toMatchObject([{ thingArn }]);
  expect((await forJob("FAILED")).executionSummaries).toEqual([]);
  const { jobs } = await iot.send(new control.ListJobsCommand({ status: "IN_PROGRESS", maxResults: 1 }));
  expect(jobs).toMatchObject([{ jobId, status: "IN_PROGRESS" }]);
});

test("cancels and deletes", async () => {
  await createJob();
  const input = { jobId, reasonCode: "BAD_IMAGE", comment: "signature missing" };
  expect(await iot.send(new control.CancelJobCommand(input))).toMatchObject({ jobId });
  expect(await describeJob()).toMatchObject({
    status: "CANCELED",
    forceCanceled: false,
    reasonCode: "BAD_IMAGE",
    comment: "signature missing",
    jobProcessDetails: { numberOfCanceledThings: 1 },
  });
  await iot.send(new control.DeleteJobCommand({ jobId }));
  await expect
    .poll(() =>
      describeJob().then(
        ({ status }) => status,
        ({ name }) => name,
      ),
    )
    .toBe("ResourceNotFoundException");
});

test("tags are added, listed and removed", async () => {
  const { jobArn = "" } = await createJob({ tags: [{ Key: "team", Value: "a" }] });
  await iot.send(new control.TagResourceCommand({ resourceArn: jobArn, tags: [{ Key: "run", Value: "7" }] }));
  await iot.send(new control.UntagResourceCommand({ resourceArn: jobArn, tagKeys: ["team"] }));
  const { tags } = await iot.send(new control.ListTagsForResourceCommand({ resourceArn: jobArn }));
  expect(tags).toEqual([{ Key: "run", Value: "7" }]);
});

describe("errors carry the names and statuses that the SDKs know", () => {
  const refused = (sent: Promise<unknown>) =>
    sent.then(
      () => "accepted",
      ({ name, $metadata }) => `${$metadata.httpStatusCode} ${name}`,
    );

  test("of the control plane", async () => {
    await createJob();
    const create = (more: Partial<control.CreateJobCommandInput>) =>
      refused(
        iot.send(
          new control.CreateJobCommand({ jobId: "other", targets: [thingArn], document: "{}", ...more }),
        ),
      );
    expect(await create({ jobId })).toBe("409 ResourceAlreadyExistsException");
    expect(await create({ jobId: "a b" })).toBe("400 InvalidRequestException");
    expect(await create({ jobId: "x".repeat(65) })).toBe("400 InvalidRequestException");
    expect(await create({ targets: [`${thingArn}0`] })).toBe("404 ResourceNotFoundException");
    expect(await create({ targets: [] })).toBe("400 InvalidRequestException");
    expect(await create({ document: "not JSON" })).toBe("400 InvalidRequestException");
    expect(await create({ document: JSON.stringify("x".repeat(32_767)) })).toBe(
      "400 InvalidRequestException",
    );
    expect(await refused(iot.send(new control.DeleteJobCommand({ jobId })))).toBe(
      "409 InvalidStateTransitionException",
    );
    const cancel = { thingName, jobId, expectedVersion: 9 };
    expect(await refused(iot.send(new control.CancelJobExecutionCommand(cancel)))).toBe(
      "409 VersionConflictException",
    );
    const again = await iot
      .send(new control.CreateJobCommand({ jobId, targets: [thingArn], document: "{}" }))
      .catch((error) => error);
    expect(again).toBeInstanceOf(control.ResourceAlreadyExistsException);
    expect(again).toMatchObject({ resourceId: jobId, message: expect.stringContaining(jobId) });
  });

  test("of the data plane", async () => {
    await createJob();
    const update = (more: Partial<data.UpdateJobExecutionCommandInput>) =>
      refused(
        device.send(new data.UpdateJobExecutionCommand({ thingName, jobId, status: "IN_PROGRESS", ...more })),
      );
    expect(await update({ expectedVersion: 9 })).toBe("409 InvalidStateTransitionException");
    expect(await update({ jobId: "other" })).toBe("404 ResourceNotFoundException");
    expect(await update({ status: "QUEUED" })).toBe("400 InvalidRequestException");
    expect(await update({ statusDetails: { "a b": "1" } })).toBe("400 InvalidRequestException");
    expect(await update({ status: "SUCCEEDED" })).toBe("accepted");
    expect(await update({})).toBe("409 InvalidStateTransitionException");
    const describe = new data.DescribeJobExecutionCommand({ thingName, jobId });
    expect(await refused(device.send(describe))).toBe("410 TerminalStateException");
  });
});
