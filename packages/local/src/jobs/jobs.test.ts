import { beforeEach, describe, expect, test } from "vitest";
import {
  addGroup,
  addJob,
  addThings,
  createModel,
  executionOf,
  groupArn,
  jobOf,
  MINUTE_MS,
  type Model,
  START_MS,
  statusesOf,
  thingArn,
} from "../../test/model-driver.js";

let model: Model;
beforeEach(() => {
  model = createModel();
  addThings(model, "t1", "t2", "t3");
});

const report = (thingName: string, status: "IN_PROGRESS" | "SUCCEEDED" | "FAILED") =>
  model.run("updateExecution", { thingName, jobId: "j1", status });

const newJob = (jobId: string, targets: string[]) => ({
  jobId,
  targets,
  document: "{}",
  targetSelection: "SNAPSHOT" as const,
  config: {},
  tags: {},
});

describe("a new job", () => {
  test("creates its executions after the answer, one for each thing", () => {
    model.run("createJob", newJob("j1", [thingArn("t1"), thingArn("t2"), thingArn("t1")]));
    expect(statusesOf(model, "j1")).toEqual({});
    model.settle();
    expect(statusesOf(model, "j1")).toEqual({ t1: "QUEUED", t2: "QUEUED" });
    expect(jobOf(model, "j1")).toMatchObject({ status: "IN_PROGRESS", createdAtMs: START_MS });
  });

  test("creates its executions at once if it should, and its targets are things", () => {
    const atOnce = { rollsOutAtOnce: true };
    model.takeNotices();
    model.run("createJob", { ...newJob("j1", [thingArn("t1"), thingArn("t2"), thingArn("t1")]), ...atOnce });
    expect(statusesOf(model, "j1")).toEqual({ t1: "QUEUED", t2: "QUEUED" });
    expect(model.takeNotices().map(({ topic }) => topic)).toContain("$aws/things/t2/jobs/notify");
    expect(jobOf(model, "j1").rollout).toBeUndefined();
    const maximumPerMinute = { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } };
    model.run("createJob", {
      ...newJob("j2", [thingArn("t1"), thingArn("t2")]),
      ...atOnce,
      config: maximumPerMinute,
    });
    expect(statusesOf(model, "j2")).toEqual({ t1: "QUEUED" });
    model.advance(MINUTE_MS);
    expect(statusesOf(model, "j2")).toEqual({ t1: "QUEUED", t2: "QUEUED" });
  });

  test.each([true, false])("creates one execution for a thing that two ARNs name, at once: %s", (atOnce) => {
    const targets = [thingArn("t1"), thingArn("t1").replace("arn:aws:", "arn:aws-cn:"), thingArn("t2")];
    model.run("createJob", { ...newJob("j1", targets), rollsOutAtOnce: atOnce });
    model.settle();
    const executions = [...jobOf(model, "j1").executions.values()].flat();
    expect(executions.map(({ thingName, executionNumber }) => [thingName, executionNumber])).toEqual([
      ["t1", 1],
      ["t2", 1],
    ]);
    expect(jobOf(model, "j1").pace).toEqual({ notified: 2 });
  });

  test("leaves executions for later if a target is a group, or if it is scheduled", () => {
    addGroup(model, "g1", ["t1"]);
    const atOnce = { rollsOutAtOnce: true };
    model.run("createJob", { ...newJob("j1", [thingArn("t2"), groupArn("g1")]), ...atOnce });
    const schedulingConfig = { startTime: "2026-11-24T01:00" };
    model.run("createJob", { ...newJob("j2", [thingArn("t1")]), ...atOnce, schedulingConfig });
    expect([statusesOf(model, "j1"), statusesOf(model, "j2")]).toEqual([{}, {}]);
    model.advance(60 * MINUTE_MS);
    expect(statusesOf(model, "j1")).toEqual({ t1: "QUEUED", t2: "QUEUED" });
    expect(statusesOf(model, "j2")).toEqual({ t1: "QUEUED" });
  });

  test("is refused for an unknown target or a job id that exists", () => {
    expect(() => addJob(model, "j1", [thingArn("t1"), thingArn("nobody")])).toThrow(
      expect.objectContaining({ code: "ResourceNotFoundException" }),
    );
    expect(model.world.jobs.size).toBe(0);
    addJob(model, "j1", [thingArn("t1")]);
    expect(() => addJob(model, "j1", [thingArn("t2")])).toThrow(
      expect.objectContaining({
        code: "ResourceAlreadyExistsException",
        extra: { resourceId: "j1", resourceArn: "arn:aws:iot:us-east-1:000000000000:job/j1" },
      }),
    );
  });
});

describe("a SNAPSHOT job", () => {
  test("is complete when its last execution has ended", () => {
    addJob(model, "j1", [thingArn("t1"), thingArn("t2")]);
    report("t1", "SUCCEEDED");
    expect(jobOf(model, "j1").status).toBe("IN_PROGRESS");
    model.advance(1_000);
    report("t2", "FAILED");
    expect(jobOf(model, "j1")).toMatchObject({ status: "COMPLETED", completedAtMs: START_MS + 1_000 });
  });

  test("completes at once if its group is empty", () => {
    model.run("createThingGroup", { thingGroupName: "empty", attributes: {} });
    addJob(model, "j1", ["arn:aws:iot:us-east-1:000000000000:thinggroup/empty"]);
    expect(jobOf(model, "j1").status).toBe("COMPLETED");
  });
});

describe("canceling a job", () => {
  test("cancels queued executions and leaves those in progress to their devices", () => {
    addJob(model, "j1", ["t1", "t2", "t3"].map(thingArn));
    report("t1", "IN_PROGRESS");
    report("t2", "SUCCEEDED");
    model.run("cancelJob", { jobId: "j1", force: false, reasonCode: "STOP", comment: "enough" });
    expect(statusesOf(model, "j1")).toEqual({ t1: "IN_PROGRESS", t2: "SUCCEEDED", t3: "CANCELED" });
    expect(jobOf(model, "j1")).toMatchObject({
      status: "CANCELED",
      forceCanceled: false,
      reasonCode: "STOP",
      comment: "enough",
    });
    report("t1", "SUCCEEDED");
    expect(jobOf(model, "j1").status).toBe("CANCELED");
  });

  test("with force also cancels executions in progress", () => {
    addJob(model, "j1", ["t1", "t2"].map(thingArn));
    report("t1", "IN_PROGRESS");
    model.run("cancelJob", { jobId: "j1", force: true });
    expect(executionOf(model, "j1", "t1")).toMatchObject({ status: "CANCELED", forceCanceled: true });
    expect(executionOf(model, "j1", "t2")).toMatchObject({ status: "CANCELED", forceCanceled: false });
    expect(jobOf(model, "j1").forceCanceled).toBe(true);
  });

  test("is refused after the job has ended", () => {
    addJob(model, "j1", [thingArn("t1")]);
    model.run("cancelJob", { jobId: "j1", force: false });
    expect(() => model.run("cancelJob", { jobId: "j1", force: false })).toThrow(
      expect.objectContaining({ code: "InvalidRequestException" }),
    );
  });
});

describe("deleting a job", () => {
  test("removes it and its executions after the answer, and frees the id", () => {
    addJob(model, "j1", [thingArn("t1")]);
    model.run("cancelJob", { jobId: "j1", force: false });
    model.run("deleteJob", { jobId: "j1", force: false });
    expect(jobOf(model, "j1").status).toBe("DELETION_IN_PROGRESS");
    expect(() => model.run("deleteJob", { jobId: "j1", force: true })).toThrow(
      expect.objectContaining({ code: "InvalidStateTransitionException" }),
    );
    model.settle();
    expect(model.world.jobs.size).toBe(0);
    expect(model.world.agendas.size).toBe(0);
    addJob(model, "j1", [thingArn("t1")]);
    expect(executionOf(model, "j1", "t1").executionNumber).toBe(1);
  });

  test("needs force while it is open", () => {
    addJob(model, "j1", [thingArn("t1")]);
    expect(() => model.run("deleteJob", { jobId: "j1", force: false })).toThrow(
      expect.objectContaining({ code: "InvalidStateTransitionException" }),
    );
    model.run("deleteJob", { jobId: "j1", force: true });
    model.settle();
    expect(model.run("startNextExecution", { thingName: "t1" })).toBeUndefined();
  });

  test("is refused for more than ten jobs at once", () => {
    const ids = Array.from({ length: 11 }, (_, index) => `j${index}`);
    for (const jobId of ids) addJob(model, jobId, [thingArn("t1")]);
    for (const jobId of ids.slice(1)) model.run("deleteJob", { jobId, force: true });
    expect(() => model.run("deleteJob", { jobId: "j0", force: true })).toThrow(
      expect.objectContaining({ code: "LimitExceededException", status: 410 }),
    );
    model.settle();
    model.run("deleteJob", { jobId: "j0", force: true });
  });
});

describe("updating a job", () => {
  const roleArn = "arn:aws:iam::000000000000:role/fota";

  test("replaces only the given members, and never removes the role that a placeholder needs", () => {
    addJob(model, "j1", [thingArn("t1")], {
      document: '{"url":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/a.bin}"}',
      config: { presignedUrlConfig: { roleArn }, timeoutConfig: { inProgressTimeoutInMinutes: 7 } },
    });
    const update = (config: object) => model.run("updateJob", { jobId: "j1", description: "new", config });
    expect(() => update({ presignedUrlConfig: { expiresInSec: 60 } })).toThrow("roleArn is required");
    expect(jobOf(model, "j1")).toHaveProperty("description", undefined);
    update({ presignedUrlConfig: { roleArn, expiresInSec: 60 } });
    expect(jobOf(model, "j1")).toMatchObject({
      description: "new",
      config: {
        presignedUrlConfig: { roleArn, expiresInSec: 60 },
        timeoutConfig: { inProgressTimeoutInMinutes: 7 },
      },
    });
  });

  test("is refused after the job has ended", () => {
    addJob(model, "j1", [thingArn("t1")]);
    report("t1", "SUCCEEDED");
    expect(() => model.run("updateJob", { jobId: "j1", config: {} })).toThrow("can no longer be updated");
  });
});

test("a changed timeout applies to executions that start later", () => {
  addJob(model, "j1", ["t1", "t2"].map(thingArn));
  report("t1", "IN_PROGRESS");
  model.run("updateJob", { jobId: "j1", config: { timeoutConfig: { inProgressTimeoutInMinutes: 5 } } });
  report("t2", "IN_PROGRESS");
  model.advance(60 * 60_000);
  expect(statusesOf(model, "j1")).toEqual({ t1: "IN_PROGRESS", t2: "TIMED_OUT" });
});
