import { beforeEach, describe, expect, test, vi } from "vitest";
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

let model: Model;
beforeEach(() => {
  model = createModel();
  addThings(model, "t1", "t2", "t3");
  addGroup(model, "fleet", ["t1"]);
  addGroup(model, "fleet-eu", ["t2"], "fleet");
});

const join = (thingName: string, thingGroupName: string) =>
  model.run("addThingToGroup", { thingName, thingGroupName });
const leave = (thingName: string, thingGroupName: string) =>
  model.run("removeThingFromGroup", { thingName, thingGroupName });

test("a group covers the things of the groups below it, each once", () => {
  join("t1", "fleet-eu");
  addJob(model, "j1", [groupArn("fleet"), thingArn("t1")]);
  expect(statusesOf(model, "j1")).toEqual({ t1: "QUEUED", t2: "QUEUED" });
});

test("names with colons, or equal to other resources' names, are not confused", () => {
  addThings(model, "a:thing", "thing", "a:thinggroup:b");
  addGroup(model, "a:thing", ["thing"]);
  addJob(model, "j1", [thingArn("a:thing")]);
  addJob(model, "j2", [groupArn("a:thing"), thingArn("a:thinggroup:b")]);
  expect(statusesOf(model, "j1")).toEqual({ "a:thing": "QUEUED" });
  expect(statusesOf(model, "j2")).toEqual({ thing: "QUEUED", "a:thinggroup:b": "QUEUED" });
});

describe("joining", () => {
  test("looks at the jobs on the group, not at all others", () => {
    for (let index = 0; index < 500; index += 1)
      addJob(model, `other${index}`, [groupArn("fleet-eu")], { targetSelection: "CONTINUOUS" });
    addGroup(model, "few", []);
    for (const jobId of ["a", "b"])
      addJob(model, jobId, [groupArn("few")], { targetSelection: "CONTINUOUS" });
    join("t1", "few");
    const readsOf = (jobId: string) => {
      const { targets } = jobOf(model, jobId);
      const get = vi.fn(() => targets);
      Object.defineProperty(jobOf(model, jobId), "targets", { get });
      return get;
    };
    const [reads, otherReads] = [readsOf("a"), readsOf("other250")];
    join("t3", "few");
    expect(reads).toHaveBeenCalled();
    expect(otherReads).not.toHaveBeenCalled();
    expect(statusesOf(model, "b")).toEqual({ t1: "QUEUED", t3: "QUEUED" });
    expect(executionOf(model, "a", "t3").sequence).toBeLessThan(executionOf(model, "b", "t3").sequence);
  });

  test("queues CONTINUOUS jobs, also through a group below, but no SNAPSHOT jobs", () => {
    addJob(model, "snapshot", [groupArn("fleet")]);
    addJob(model, "continuous", [groupArn("fleet")], { targetSelection: "CONTINUOUS" });
    join("t3", "fleet-eu");
    expect(statusesOf(model, "snapshot")).toEqual({ t1: "QUEUED", t2: "QUEUED" });
    expect(statusesOf(model, "continuous")).toEqual({ t1: "QUEUED", t2: "QUEUED", t3: "QUEUED" });
  });

  test("a second group of the same job brings no second execution", () => {
    addJob(model, "j1", [groupArn("fleet")], { targetSelection: "CONTINUOUS" });
    join("t1", "fleet-eu");
    expect(statusesOf(model, "j1")["t1"]).toBe("QUEUED");
  });

  test("again after leaving queues a new execution of the same job, with a new queuedAt", () => {
    addJob(model, "j1", [groupArn("fleet")], { targetSelection: "CONTINUOUS" });
    model.advance(1_000);
    leave("t1", "fleet");
    join("t1", "fleet");
    expect(statusesOf(model, "j1")["t1"]).toBe("REMOVED QUEUED");
    expect(executionOf(model, "j1", "t1")).toMatchObject({
      executionNumber: 2,
      versionNumber: 1,
      queuedAtMs: model.nowMs,
    });
  });
});

describe("leaving", () => {
  test("sets pending executions to REMOVED, queued or in progress, and completes a SNAPSHOT job", () => {
    addJob(model, "j1", [groupArn("fleet")]);
    model.run("startNextExecution", { thingName: "t2" });
    leave("t1", "fleet");
    leave("t2", "fleet-eu");
    expect(statusesOf(model, "j1")).toEqual({ t1: "REMOVED", t2: "REMOVED" });
    expect(jobOf(model, "j1").status).toBe("COMPLETED");
  });

  test("one of two groups changes nothing", () => {
    join("t1", "fleet-eu");
    addJob(model, "j1", [groupArn("fleet")]);
    leave("t1", "fleet");
    expect(statusesOf(model, "j1")["t1"]).toBe("QUEUED");
  });

  test("by deleting the thing, also if it was a target itself", () => {
    addJob(model, "j1", [thingArn("t3"), groupArn("fleet")]);
    model.run("deleteThing", { thingName: "t3" });
    expect(statusesOf(model, "j1")["t3"]).toBe("REMOVED");
  });

  test("by deleting the group", () => {
    addJob(model, "j1", [groupArn("fleet")]);
    model.run("deleteThingGroup", { thingGroupName: "fleet-eu" });
    expect(statusesOf(model, "j1")).toEqual({ t1: "QUEUED", t2: "REMOVED" });
  });

  test("keeps ended executions unchanged", () => {
    addJob(model, "j1", [groupArn("fleet")]);
    model.run("updateExecution", { thingName: "t1", jobId: "j1", status: "SUCCEEDED" });
    leave("t1", "fleet");
    expect(statusesOf(model, "j1")["t1"]).toBe("SUCCEEDED");
  });
});
