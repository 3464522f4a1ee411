import { beforeEach, describe, expect, test } from "vitest";
import {
  addJob,
  addThings,
  createModel,
  executionOf,
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
  addThings(model, "t1", "t2");
});

const update = (jobId: string, status: "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "REJECTED", more = {}) =>
  model.run("updateExecution", { thingName: "t1", jobId, status, ...more });
const startNext = (more = {}) => model.run("startNextExecution", { thingName: "t1", ...more });

describe("versions and times", () => {
  test("the version starts at 1 and grows with each change, also with a progress report", () => {
    addJob(model, "j1", [thingArn("t1")]);
    const versions = [executionOf(model, "j1", "t1").versionNumber];
    versions.push(startNext()?.execution.versionNumber ?? 0);
    versions.push(update("j1", "IN_PROGRESS", { statusDetails: { step: "1" } }).execution.versionNumber);
    versions.push(update("j1", "SUCCEEDED").execution.versionNumber);
    expect(versions).toEqual([1, 2, 3, 4]);
  });

  test("startedAt is set by the first IN_PROGRESS and never changes", () => {
    addJob(model, "j1", [thingArn("t1")]);
    expect(executionOf(model, "j1", "t1")).not.toHaveProperty("startedAtMs");
    model.advance(5_000);
    startNext();
    model.advance(5_000);
    update("j1", "IN_PROGRESS");
    expect(executionOf(model, "j1", "t1")).toMatchObject({
      queuedAtMs: START_MS,
      startedAtMs: START_MS + 5_000,
      lastUpdatedAtMs: START_MS + 10_000,
    });
  });

  test("a refused update changes nothing", () => {
    addJob(model, "j1", [thingArn("t1")]);
    const before = structuredClone(executionOf(model, "j1", "t1"));
    expect(() => update("j1", "SUCCEEDED", { expectedVersion: 7 })).toThrow(
      "Expected version 7 but found version 1",
    );
    expect(executionOf(model, "j1", "t1")).toEqual(before);
  });
});

describe("start-next", () => {
  test("returns the oldest execution, and the same one unchanged while it is in progress", () => {
    addJob(model, "j1", [thingArn("t1")]);
    addJob(model, "j2", [thingArn("t1")]);
    const first = startNext({ statusDetails: { by: "first" } });
    const again = startNext({ statusDetails: { by: "second" }, stepTimeoutInMinutes: 5 });
    expect(first).toMatchObject({
      unfilled: { document: '{"job":"j1"}' },
      execution: { jobId: "j1", versionNumber: 2 },
    });
    expect(again).toEqual(first);
  });

  test("returns the next execution after the head has ended, and nothing after the last", () => {
    addJob(model, "j1", [thingArn("t1")]);
    addJob(model, "j2", [thingArn("t1")]);
    update("j1", "REJECTED");
    expect(startNext()?.execution.jobId).toBe("j2");
    update("j2", "SUCCEEDED");
    expect(startNext()).toBeUndefined();
  });
});

describe("an update", () => {
  test("replaces all status details, and keeps them if it has none", () => {
    addJob(model, "j1", [thingArn("t1")]);
    update("j1", "IN_PROGRESS", { statusDetails: { a: "1", b: "2" } });
    update("j1", "IN_PROGRESS");
    expect(executionOf(model, "j1", "t1").statusDetails).toEqual({ a: "1", b: "2" });
    update("j1", "IN_PROGRESS", { statusDetails: { c: "3" } });
    expect(executionOf(model, "j1", "t1").statusDetails).toEqual({ c: "3" });
  });

  test.each(["QUEUED", "TIMED_OUT", "CANCELED", "REMOVED"] as const)(
    "%s is not for devices to say",
    (status) => {
      addJob(model, "j1", [thingArn("t1")]);
      expect(() => model.run("updateExecution", { thingName: "t1", jobId: "j1", status })).toThrow(
        expect.objectContaining({ code: "InvalidRequestException" }),
      );
    },
  );

  test.each(["SUCCEEDED", "FAILED", "REJECTED"] as const)("nothing follows %s", (status) => {
    addJob(model, "j1", [thingArn("t1")]);
    update("j1", status);
    expect(() => update("j1", "IN_PROGRESS")).toThrow(
      expect.objectContaining({ code: "InvalidStateTransitionException" }),
    );
    expect(executionOf(model, "j1", "t1").status).toBe(status);
  });

  test("for a thing that is not targeted finds no execution", () => {
    addJob(model, "j1", [thingArn("t2")]);
    expect(() => update("j1", "SUCCEEDED")).toThrow(
      expect.objectContaining({ code: "ResourceNotFoundException" }),
    );
    expect(() => update("other", "SUCCEEDED")).toThrow(
      expect.objectContaining({ code: "ResourceNotFoundException" }),
    );
  });
});

describe("timers", () => {
  test("run as in the developer guide's example: 20 minutes in total, steps of 7, 5 and 9", () => {
    addJob(model, "j1", [thingArn("t1")], { config: { timeoutConfig: { inProgressTimeoutInMinutes: 20 } } });
    startNext();
    model.advance(5 * MINUTE_MS);
    update("j1", "IN_PROGRESS", { stepTimeoutInMinutes: 7 });
    model.advance(5 * MINUTE_MS);
    update("j1", "IN_PROGRESS", { stepTimeoutInMinutes: 5 });
    model.advance(3 * MINUTE_MS);
    update("j1", "IN_PROGRESS", { stepTimeoutInMinutes: 9 });
    model.advance(7 * MINUTE_MS - 1);
    expect(executionOf(model, "j1", "t1").status).toBe("IN_PROGRESS");
    model.advance(1);
    expect(executionOf(model, "j1", "t1")).toMatchObject({
      status: "TIMED_OUT",
      lastUpdatedAtMs: START_MS + 20 * MINUTE_MS,
    });
    expect(jobOf(model, "j1").status).toBe("COMPLETED");
  });

  test("a step timer expires unless a progress report removes it", () => {
    addJob(model, "j1", [thingArn("t1"), thingArn("t2")]);
    startNext({ stepTimeoutInMinutes: 2 });
    model.run("startNextExecution", { thingName: "t2", stepTimeoutInMinutes: 2 });
    model.advance(MINUTE_MS);
    update("j1", "IN_PROGRESS", { stepTimeoutInMinutes: -1 });
    model.advance(60 * MINUTE_MS);
    expect(statusesOf(model, "j1")).toEqual({ t1: "IN_PROGRESS", t2: "TIMED_OUT" });
  });

  test("a progress report without a step timer keeps the current one", () => {
    addJob(model, "j1", [thingArn("t1")]);
    startNext({ stepTimeoutInMinutes: 2 });
    model.advance(MINUTE_MS);
    update("j1", "IN_PROGRESS");
    model.advance(MINUTE_MS);
    expect(executionOf(model, "j1", "t1").status).toBe("TIMED_OUT");
  });

  test("do not run while an execution is queued", () => {
    addJob(model, "j1", [thingArn("t1")], { config: { timeoutConfig: { inProgressTimeoutInMinutes: 1 } } });
    model.advance(7 * 24 * 60 * MINUTE_MS);
    expect(executionOf(model, "j1", "t1").status).toBe("QUEUED");
  });

  test("each of many expires at its own time", () => {
    const names = Array.from({ length: 50 }, (_, index) => `many-${index}`);
    addThings(model, ...names);
    addJob(model, "j1", names.map(thingArn));
    for (const [index, thingName] of names.entries()) {
      model.run("startNextExecution", { thingName, stepTimeoutInMinutes: ((index * 37) % 50) + 1 });
    }
    model.advance(50 * MINUTE_MS);
    for (const [index, thingName] of names.entries()) {
      expect(executionOf(model, "j1", thingName).lastUpdatedAtMs).toBe(
        START_MS + (((index * 37) % 50) + 1) * MINUTE_MS,
      );
    }
  });
});

describe("canceling an execution", () => {
  const cancel = (more: { force?: boolean; expectedVersion?: number } = {}) =>
    model.run("cancelExecution", { thingName: "t1", jobId: "j1", force: false, ...more });

  test("needs force if it is in progress, and sets forceCanceled", () => {
    addJob(model, "j1", [thingArn("t1")]);
    startNext();
    expect(() => cancel()).toThrow(
      expect.objectContaining({ code: "InvalidStateTransitionException", status: 409 }),
    );
    cancel({ force: true });
    expect(executionOf(model, "j1", "t1")).toMatchObject({
      status: "CANCELED",
      forceCanceled: true,
      versionNumber: 3,
    });
    addJob(model, "j2", [thingArn("t1")]);
    model.run("cancelExecution", { thingName: "t1", jobId: "j2", force: true });
    expect(executionOf(model, "j2", "t1")).toMatchObject({ status: "CANCELED", forceCanceled: false });
  });

  test("checks the expected version", () => {
    addJob(model, "j1", [thingArn("t1")]);
    expect(() => cancel({ expectedVersion: 2 })).toThrow(
      expect.objectContaining({ code: "VersionConflictException", status: 409 }),
    );
    cancel({ expectedVersion: 1 });
    expect(() => cancel()).toThrow(expect.objectContaining({ code: "InvalidStateTransitionException" }));
  });
});

describe("deleting an execution", () => {
  const remove = (force = false) =>
    model.run("deleteExecution", { thingName: "t1", jobId: "j1", executionNumber: 1, force });

  test("removes it from the counts and from the thing's queue", () => {
    addJob(model, "j1", [thingArn("t1"), thingArn("t2")]);
    remove();
    expect(jobOf(model, "j1").counts.QUEUED).toBe(1);
    expect(startNext()).toBeUndefined();
    expect(() => remove()).toThrow(expect.objectContaining({ code: "ResourceNotFoundException" }));
  });

  test("needs force if it is in progress; deleting the last one completes the job", () => {
    addJob(model, "j1", [thingArn("t1")]);
    startNext();
    expect(() => remove()).toThrow(expect.objectContaining({ code: "InvalidStateTransitionException" }));
    remove(true);
    expect(jobOf(model, "j1").status).toBe("COMPLETED");
  });
});
