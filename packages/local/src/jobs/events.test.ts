import { beforeEach, expect, test } from "vitest";
import { addJob, addThings, createModel, type Model, START_MS, thingArn } from "../../test/model-driver.js";

let model: Model;
beforeEach(() => {
  model = createModel();
  addThings(model, "t1", "t2");
});

const enable = (...types: ("JOB" | "JOB_EXECUTION")[]) =>
  model.run("updateEventConfigurations", { enable: types, disable: [] });
const events = () => model.takeNotices().filter(({ topic }) => topic.startsWith("$aws/events/"));
const topics = () => events().map(({ topic }) => topic.replace("$aws/events/", ""));
const report = (thingName: string, status: "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "REJECTED") =>
  model.run("updateExecution", { thingName, jobId: "j1", status, statusDetails: { phase: status } });

test("an event is published only if its type is enabled", () => {
  addJob(model, "j1", [thingArn("t1")]);
  report("t1", "SUCCEEDED");
  expect(topics()).toEqual([]);
  enable("JOB");
  addJob(model, "j2", [thingArn("t1")]);
  model.run("cancelJob", { jobId: "j2", force: true });
  expect(topics()).toEqual(["job/j2/cancellation_in_progress", "job/j2/canceled"]);
  model.run("updateEventConfigurations", { enable: ["JOB_EXECUTION"], disable: ["JOB"] });
  addJob(model, "j3", [thingArn("t1")]);
  model.run("cancelJob", { jobId: "j3", force: true });
  expect(topics()).toEqual(["jobExecution/j3/canceled"]);
});

test("each terminal status of an execution causes an event, progress causes none", () => {
  enable("JOB_EXECUTION");
  addJob(model, "j1", ["t1", "t2"].map(thingArn), {
    config: { timeoutConfig: { inProgressTimeoutInMinutes: 1 } },
  });
  report("t1", "IN_PROGRESS");
  report("t1", "IN_PROGRESS");
  expect(topics()).toEqual([]);
  model.advance(60_000);
  report("t2", "REJECTED");
  model.run("deleteExecution", { thingName: "t2", jobId: "j1", executionNumber: 1, force: false });
  addJob(model, "j2", [thingArn("t2")]);
  model.run("deleteThing", { thingName: "t2" });
  expect(topics()).toEqual([
    "jobExecution/j1/timed_out",
    "jobExecution/j1/rejected",
    "jobExecution/j1/deleted",
    "jobExecution/j2/removed",
  ]);
});

test("the payloads match AWS's documentation exactly", () => {
  enable("JOB", "JOB_EXECUTION");
  addJob(model, "j1", [thingArn("t1")], { description: "release 12" });
  model.advance(1_500);
  report("t1", "FAILED");
  const [execution, job] = events();
  const eventId = expect.stringMatching(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const timestamp = START_MS / 1000 + 1;
  expect(execution?.topic).toBe("$aws/events/jobExecution/j1/failed");
  expect(JSON.parse(execution?.payload ?? "")).toEqual({
    eventType: "JOB_EXECUTION",
    eventId,
    timestamp,
    operation: "failed",
    jobId: "j1",
    thingArn: "arn:aws:iot:us-east-1:000000000000:thing/t1",
    status: "FAILED",
    statusDetails: { phase: "FAILED" },
  });
  expect(job?.topic).toBe("$aws/events/job/j1/completed");
  expect(JSON.parse(job?.payload ?? "")).toEqual({
    eventType: "JOB",
    eventId,
    timestamp,
    operation: "completed",
    jobId: "j1",
    status: "COMPLETED",
    targetSelection: "SNAPSHOT",
    targets: ["arn:aws:iot:us-east-1:000000000000:thing/t1"],
    description: "release 12",
    createdAt: START_MS,
    lastUpdatedAt: START_MS + 1_500,
    completedAt: START_MS + 1_500,
    jobProcessDetails: {
      numberOfQueuedThings: 0,
      numberOfInProgressThings: 0,
      numberOfSucceededThings: 0,
      numberOfFailedThings: 1,
      numberOfRejectedThings: 0,
      numberOfCanceledThings: 0,
      numberOfRemovedThings: 0,
      numberOfTimedOutThings: 0,
    },
  });
});

test("deleting a job causes two events", () => {
  enable("JOB");
  addJob(model, "j1", [thingArn("t1")]);
  model.run("deleteJob", { jobId: "j1", force: true });
  model.settle();
  expect(events().map(({ payload }) => JSON.parse(payload).status)).toEqual([
    "DELETION_IN_PROGRESS",
    "DELETED",
  ]);
});
