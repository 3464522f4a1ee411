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
  statusesOf,
  thingArn,
} from "../../test/model-driver.js";
import type { AbortCriterion, RetryCriterion } from "./job.js";
import { countRetries } from "./retries.js";

let model: Model;
const names = Array.from({ length: 10 }, (_, index) => `t${index}`);
beforeEach(() => {
  model = createModel();
  addThings(model, ...names);
});

type Reported = "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "REJECTED";
const report = (thingName: string, status: Reported) =>
  model.run("updateExecution", { thingName, jobId: "j1", status });

describe("an abort", () => {
  const criterion = (
    failureType: AbortCriterion["failureType"],
    thresholdPercentage: number,
    minNumberOfExecutedThings: number,
  ): AbortCriterion => ({ failureType, action: "CANCEL", thresholdPercentage, minNumberOfExecutedThings });

  test.each<{ criteria: AbortCriterion[]; ends: Reported[]; aborted: boolean }>([
    { criteria: [criterion("FAILED", 50, 1)], ends: ["FAILED"], aborted: true },
    { criteria: [criterion("FAILED", 50, 2)], ends: ["FAILED"], aborted: false },
    { criteria: [criterion("FAILED", 50, 2)], ends: ["FAILED", "SUCCEEDED"], aborted: true },
    { criteria: [criterion("FAILED", 50, 2)], ends: ["FAILED", "SUCCEEDED", "SUCCEEDED"], aborted: true },
    { criteria: [criterion("FAILED", 50.01, 2)], ends: ["FAILED", "SUCCEEDED"], aborted: false },
    { criteria: [criterion("FAILED", 33.33, 3)], ends: ["SUCCEEDED", "SUCCEEDED", "FAILED"], aborted: true },
    { criteria: [criterion("FAILED", 33.34, 3)], ends: ["SUCCEEDED", "SUCCEEDED", "FAILED"], aborted: false },
    { criteria: [criterion("FAILED", 10, 1)], ends: ["REJECTED"], aborted: false },
    { criteria: [criterion("REJECTED", 100, 1)], ends: ["REJECTED"], aborted: true },
    { criteria: [criterion("ALL", 100, 2)], ends: ["REJECTED", "FAILED"], aborted: true },
    { criteria: [criterion("ALL", 1, 9), criterion("REJECTED", 9, 1)], ends: ["REJECTED"], aborted: true },
    { criteria: [criterion("TIMED_OUT", 1, 1)], ends: ["FAILED", "REJECTED"], aborted: false },
  ])("$criteria after $ends: $aborted", ({ criteria, ends, aborted }) => {
    addJob(model, "j1", names.map(thingArn), { config: { abortConfig: { criteriaList: criteria } } });
    for (const [index, status] of ends.entries()) {
      if (jobOf(model, "j1").status === "CANCELED") break;
      report(`t${index}`, status);
    }
    expect(jobOf(model, "j1").status).toBe(aborted ? "CANCELED" : "IN_PROGRESS");
  });

  test("cancels queued executions, stops the rollout and the retries, and leaves executions in progress alone", () => {
    addJob(model, "j1", names.map(thingArn), {
      config: {
        abortConfig: { criteriaList: [criterion("FAILED", 50, 1)] },
        jobExecutionsRetryConfig: { criteriaList: [{ failureType: "FAILED", numberOfRetries: 3 }] },
        jobExecutionsRolloutConfig: { maximumPerMinute: 3 },
      },
    });
    report("t1", "IN_PROGRESS");
    report("t0", "FAILED");
    model.advance(5 * MINUTE_MS);
    expect(statusesOf(model, "j1")).toEqual({ t0: "FAILED", t1: "IN_PROGRESS", t2: "CANCELED" });
    expect(jobOf(model, "j1")).toMatchObject({
      status: "CANCELED",
      forceCanceled: false,
      reasonCode: "ABORT_CRITERIA_MET",
      comment: "50 percent FAILED of at least 1 ended executions reached",
    });
  });

  test("caused by a timeout comes before a rollout that is due at the same time", () => {
    addJob(model, "j1", names.map(thingArn), {
      config: {
        abortConfig: { criteriaList: [criterion("TIMED_OUT", 100, 1)] },
        timeoutConfig: { inProgressTimeoutInMinutes: 1 },
        jobExecutionsRolloutConfig: { maximumPerMinute: 1 },
      },
    });
    report("t0", "IN_PROGRESS");
    model.advance(MINUTE_MS);
    expect(statusesOf(model, "j1")).toEqual({ t0: "TIMED_OUT" });
    expect(jobOf(model, "j1").status).toBe("CANCELED");
  });

  test("counts executions that timed out", () => {
    addJob(model, "j1", names.map(thingArn), {
      config: {
        abortConfig: { criteriaList: [criterion("TIMED_OUT", 100, 2)] },
        timeoutConfig: { inProgressTimeoutInMinutes: 1 },
      },
    });
    report("t0", "IN_PROGRESS");
    report("t1", "IN_PROGRESS");
    model.advance(MINUTE_MS);
    expect(jobOf(model, "j1").status).toBe("CANCELED");
  });
});

describe("a retry", () => {
  const addRetriedJob = (criteriaList: RetryCriterion[], more = {}) =>
    addJob(model, "j1", [thingArn("t0")], {
      config: {
        jobExecutionsRetryConfig: { criteriaList },
        timeoutConfig: { inProgressTimeoutInMinutes: 1 },
      },
      ...more,
    });
  const timeOut = () => {
    report("t0", "IN_PROGRESS");
    model.advance(MINUTE_MS);
  };

  test("is a new execution and causes a notification; the job ends with the last retry", () => {
    addRetriedJob([{ failureType: "FAILED", numberOfRetries: 2 }]);
    model.advance(1_000);
    model.takeNotices();
    report("t0", "FAILED");
    expect(executionOf(model, "j1", "t0")).toMatchObject({
      status: "QUEUED",
      executionNumber: 2,
      versionNumber: 1,
      queuedAtMs: model.nowMs,
    });
    expect(model.takeNotices().map(({ topic }) => topic)).toEqual([
      "$aws/things/t0/jobs/notify",
      "$aws/things/t0/jobs/notify-next",
    ]);
    report("t0", "FAILED");
    expect(countRetries(executionOf(model, "j1", "t0"))).toBe(2);
    report("t0", "FAILED");
    expect(statusesOf(model, "j1")).toEqual({ t0: "FAILED FAILED FAILED" });
    expect(jobOf(model, "j1")).toMatchObject({ status: "COMPLETED", counts: { FAILED: 3, QUEUED: 0 } });
  });

  test("follows its own failure type only", () => {
    addRetriedJob([
      { failureType: "FAILED", numberOfRetries: 1 },
      { failureType: "TIMED_OUT", numberOfRetries: 2 },
    ]);
    timeOut();
    report("t0", "FAILED");
    timeOut();
    timeOut();
    expect(statusesOf(model, "j1")).toEqual({ t0: "TIMED_OUT FAILED TIMED_OUT TIMED_OUT" });
    expect(jobOf(model, "j1").status).toBe("COMPLETED");
  });

  test("for ALL counts failures and timeouts together", () => {
    addRetriedJob([{ failureType: "ALL", numberOfRetries: 2 }]);
    timeOut();
    report("t0", "FAILED");
    report("t0", "FAILED");
    expect(statusesOf(model, "j1")).toEqual({ t0: "TIMED_OUT FAILED FAILED" });
  });

  test("happens at most ten times", () => {
    addRetriedJob([
      { failureType: "FAILED", numberOfRetries: 8 },
      { failureType: "TIMED_OUT", numberOfRetries: 8 },
    ]);
    for (let index = 0; index < 8; index += 1) timeOut();
    for (let index = 0; index < 3; index += 1) report("t0", "FAILED");
    expect(jobOf(model, "j1")).toMatchObject({ status: "COMPLETED", counts: { FAILED: 3, TIMED_OUT: 8 } });
  });

  test.each(["REJECTED", "SUCCEEDED"] as const)("does not follow %s", (status) => {
    addRetriedJob([{ failureType: "ALL", numberOfRetries: 2 }]);
    report("t0", status);
    expect(statusesOf(model, "j1")).toEqual({ t0: status });
  });

  test("does not happen after the job is canceled or its retries are set to 0", () => {
    addRetriedJob([{ failureType: "FAILED", numberOfRetries: 2 }]);
    report("t0", "FAILED");
    const none = { criteriaList: [{ failureType: "FAILED" as const, numberOfRetries: 0 }] };
    model.run("updateJob", { jobId: "j1", config: { jobExecutionsRetryConfig: none } });
    report("t0", "FAILED");
    expect(statusesOf(model, "j1")).toEqual({ t0: "FAILED FAILED" });
    const one = { criteriaList: [{ failureType: "FAILED" as const, numberOfRetries: 1 }] };
    addJob(model, "j2", [thingArn("t0")], { config: { jobExecutionsRetryConfig: one } });
    expect(() => model.run("updateJob", { jobId: "j2", config: { jobExecutionsRetryConfig: one } })).toThrow(
      expect.objectContaining({ code: "InvalidRequestException" }),
    );
    model.run("startNextExecution", { thingName: "t0" });
    model.run("cancelJob", { jobId: "j2", force: false });
    model.run("updateExecution", { thingName: "t0", jobId: "j2", status: "FAILED" });
    expect(statusesOf(model, "j2")).toEqual({ t0: "FAILED" });
  });

  test("starts counting from zero for a thing that left and rejoined", () => {
    addGroup(model, "fleet", ["t1"]);
    addJob(model, "j1", [groupArn("fleet")], {
      targetSelection: "CONTINUOUS",
      config: { jobExecutionsRetryConfig: { criteriaList: [{ failureType: "FAILED", numberOfRetries: 1 }] } },
    });
    report("t1", "FAILED");
    model.run("removeThingFromGroup", { thingName: "t1", thingGroupName: "fleet" });
    model.run("addThingToGroup", { thingName: "t1", thingGroupName: "fleet" });
    report("t1", "FAILED");
    report("t1", "FAILED");
    expect(statusesOf(model, "j1")).toEqual({ t1: "FAILED REMOVED FAILED FAILED" });
  });
});
