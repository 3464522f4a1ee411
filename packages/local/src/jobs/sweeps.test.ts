/** Cancellations and deletions of jobs with more executions than a command changes at once. */
import { beforeEach, expect, test } from "vitest";
import {
  addGroup,
  addJob,
  addThings,
  createModel,
  executionOf,
  groupArn,
  jobOf,
  type Model,
  statusesOf,
  thingArn,
} from "../../test/model-driver.js";
import { createWorld } from "./world.js";

const THINGS = ["t1", "t2", "t3", "t4", "t5"];

let model: Model;
beforeEach(() => {
  model = createModel(createWorld("us-east-1"), 2);
  addThings(model, ...THINGS);
  addGroup(model, "fleet", THINGS);
  model.run("updateEventConfigurations", { enable: ["JOB", "JOB_EXECUTION"], disable: [] });
  addJob(model, "j1", [groupArn("fleet")]);
  model.run("startNextExecution", { thingName: "t4" });
  model.takeNotices();
});

const cancel = (force = false) => model.run("cancelJob", { jobId: "j1", force });
const remove = () => model.run("deleteJob", { jobId: "j1", force: true });
const report = (thingName: string) =>
  model.run("updateExecution", { thingName, jobId: "j1", status: "SUCCEEDED" });
const topics = () => model.takeNotices().map(({ topic }) => topic);
const notifications = (...thingNames: string[]) =>
  thingNames.flatMap((name) => [`$aws/things/${name}/jobs/notify`, `$aws/things/${name}/jobs/notify-next`]);
const canceled = (...thingNames: string[]) => thingNames.map(() => "$aws/events/jobExecution/j1/canceled");

test("a cancellation ends the job at once, and its executions in ticks, each with its notifications", () => {
  cancel();
  expect(jobOf(model, "j1")).toMatchObject({ status: "CANCELED", counts: { QUEUED: 4, CANCELED: 0 } });
  expect(topics()).toEqual(["$aws/events/job/j1/cancellation_in_progress"]);
  model.run("tick", {});
  expect(jobOf(model, "j1").counts).toMatchObject({ QUEUED: 2, CANCELED: 2 });
  expect(topics()).toEqual([...notifications("t1", "t2"), ...canceled("t1", "t2")]);
  model.settle();
  expect(statusesOf(model, "j1")).toEqual({
    t1: "CANCELED",
    t2: "CANCELED",
    t3: "CANCELED",
    t4: "IN_PROGRESS",
    t5: "CANCELED",
  });
  expect(topics()).toEqual([
    ...notifications("t3"),
    ...canceled("t3"),
    ...notifications("t5"),
    ...canceled("t5"),
    "$aws/events/job/j1/canceled",
  ]);
  report("t4");
  expect(executionOf(model, "j1", "t4").status).toBe("SUCCEEDED");
});

test("no device starts or updates an execution that a cancellation has still to reach", () => {
  addJob(model, "j2", [thingArn("t5")]);
  cancel(true);
  expect(() => report("t5")).toThrow("Transition from terminal state CANCELED to SUCCEEDED is not allowed");
  expect(() => report("t4")).toThrow("Transition from terminal state CANCELED to SUCCEEDED is not allowed");
  expect(() => model.run("cancelExecution", { thingName: "t4", jobId: "j1", force: true })).toThrow(
    "The job execution is CANCELED and can no longer be canceled",
  );
  model.takeNotices();
  const started = model.run("startNextExecution", { thingName: "t5" });
  expect(started?.execution).toMatchObject({ jobId: "j2", status: "IN_PROGRESS" });
  expect(model.run("startNextExecution", { thingName: "t4" })).toBeUndefined();
  expect(executionOf(model, "j1", "t4")).toMatchObject({ status: "CANCELED", forceCanceled: true });
  expect(topics()).toEqual([
    ...notifications("t5"),
    ...canceled("t5"),
    ...notifications("t4"),
    ...canceled("t4"),
  ]);
  model.settle();
  expect(jobOf(model, "j1").counts).toMatchObject({ QUEUED: 0, IN_PROGRESS: 0, CANCELED: 5 });
});

test("a deletion removes the executions in ticks, and then the job", () => {
  remove();
  expect(jobOf(model, "j1").status).toBe("DELETION_IN_PROGRESS");
  expect(remove).toThrow("Job j1 is already being deleted");
  model.run("tick", {});
  expect(Object.keys(statusesOf(model, "j1"))).toEqual(["t3", "t4", "t5"]);
  expect(() => report("t4")).toThrow("No execution of job j1 exists for thing t4");
  expect(model.run("startNextExecution", { thingName: "t5" })).toBeUndefined();
  expect(Object.keys(statusesOf(model, "j1"))).toEqual(["t3", "t4"]);
  model.settle();
  expect(model.world.jobs.size).toBe(0);
  expect(model.world.agendas.size).toBe(0);
  expect(topics()).toEqual([
    "$aws/events/job/j1/deletion_in_progress",
    ...notifications("t1", "t2", "t5", "t3", "t4"),
    "$aws/events/job/j1/deleted",
  ]);
});

test("a deletion replaces a cancellation that has not reached all executions", () => {
  cancel();
  model.run("tick", {});
  remove();
  model.settle();
  expect(model.world.jobs.size).toBe(0);
  const notified = topics().filter((topic) => topic.endsWith("/notify"));
  expect(notified).toEqual(THINGS.map((name) => `$aws/things/${name}/jobs/notify`));
});

test("an abort cancels in ticks too, and waits for none of them to be complete", () => {
  const criteriaList = [
    {
      failureType: "FAILED" as const,
      action: "CANCEL" as const,
      thresholdPercentage: 50,
      minNumberOfExecutedThings: 1,
    },
  ];
  addJob(model, "j2", [groupArn("fleet")], { config: { abortConfig: { criteriaList } } });
  model.run("updateExecution", { thingName: "t1", jobId: "j2", status: "FAILED" });
  expect(jobOf(model, "j2")).toMatchObject({ reasonCode: "ABORT_CRITERIA_MET", counts: { QUEUED: 4 } });
  model.settle();
  expect(jobOf(model, "j2")).toMatchObject({ status: "CANCELED", counts: { FAILED: 1, CANCELED: 4 } });
});

test("executions that time out together do it in ticks", () => {
  const timeoutConfig = { inProgressTimeoutInMinutes: 1 };
  cancel(true);
  addJob(model, "j2", [groupArn("fleet")], { config: { timeoutConfig } });
  for (const thingName of THINGS) model.run("startNextExecution", { thingName });
  const timedOut: number[] = [];
  model.onRun = () => timedOut.push(jobOf(model, "j2").counts.TIMED_OUT);
  model.advance(60_000);
  expect(timedOut).toEqual([2, 4, 5]);
});

test("a tick cancels no more executions of several jobs than of one", () => {
  addJob(model, "j2", [groupArn("fleet")]);
  cancel(true);
  model.run("cancelJob", { jobId: "j2", force: true });
  const canceledSoFar: number[] = [];
  model.onRun = () => {
    canceledSoFar.push(jobOf(model, "j1").counts.CANCELED + jobOf(model, "j2").counts.CANCELED);
  };
  model.settle();
  expect(canceledSoFar).toEqual([2, 4, 6, 8, 10]);
});

test("a tick removes no more executions of several jobs than of one", () => {
  addJob(model, "j2", [groupArn("fleet")]);
  remove();
  model.run("deleteJob", { jobId: "j2", force: true });
  const executionsLeft: number[] = [];
  model.onRun = () => {
    executionsLeft.push([...model.world.jobs.values()].reduce((sum, job) => sum + job.executions.size, 0));
  };
  model.settle();
  expect(executionsLeft).toEqual([8, 6, 4, 2, 0]);
});

test("an execution that a cancellation has still to reach is canceled, not removed with its thing", () => {
  cancel(true);
  model.run("removeThingFromGroup", { thingName: "t5", thingGroupName: "fleet" });
  model.run("deleteThing", { thingName: "t4" });
  expect(statusesOf(model, "j1")).toMatchObject({ t3: "QUEUED", t4: "CANCELED", t5: "CANCELED" });
  expect(executionOf(model, "j1", "t4").forceCanceled).toBe(true);
  model.settle();
  expect(jobOf(model, "j1").counts).toMatchObject({ REMOVED: 0, CANCELED: 5 });
});

test("an execution in progress that a cancellation leaves is removed with its thing", () => {
  cancel();
  model.run("deleteThing", { thingName: "t4" });
  model.settle();
  expect(jobOf(model, "j1").counts).toMatchObject({ REMOVED: 1, CANCELED: 4 });
});

test("an execution that a deletion has still to reach ends with no event of its own", () => {
  remove();
  model.takeNotices();
  model.run("deleteThing", { thingName: "t5" });
  expect(topics()).toEqual(notifications("t5"));
  expect(Object.keys(statusesOf(model, "j1"))).toEqual(["t1", "t2", "t3", "t4"]);
  model.settle();
  expect(model.world.jobs.size).toBe(0);
});

test("an execution that a cancellation has still to reach does not time out, also after a stop", () => {
  const timeoutConfig = { inProgressTimeoutInMinutes: 1 };
  cancel(true);
  addJob(model, "j2", [groupArn("fleet")], { config: { timeoutConfig } });
  for (const thingName of THINGS) model.run("startNextExecution", { thingName });
  model.run("cancelJob", { jobId: "j2", force: true });
  model.stop(60_000);
  model.settle();
  expect(jobOf(model, "j2").counts).toMatchObject({ TIMED_OUT: 0, CANCELED: 5 });
});
