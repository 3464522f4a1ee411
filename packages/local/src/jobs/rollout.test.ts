import { beforeEach, describe, expect, test } from "vitest";
import {
  addGroup,
  addJob,
  addThings,
  createModel,
  groupArn,
  jobOf,
  MINUTE_MS,
  type Model,
  statusesOf,
} from "../../test/model-driver.js";
import type { RolloutConfig } from "./job.js";
import { ratePerMinute } from "./rollout-rate.js";

const exponential = (
  rateIncreaseCriteria: { numberOfNotifiedThings: number } | { numberOfSucceededThings: number },
  maximumPerMinute?: number,
): RolloutConfig => ({
  ...(maximumPerMinute !== undefined && { maximumPerMinute }),
  exponentialRate: { baseRatePerMinute: 50, incrementFactor: 2, rateIncreaseCriteria },
});

// Source: AWS IoT Developer Guide, "Job rollout configuration", its example.
test.each([
  { config: undefined, progress: { notified: 0, succeeded: 0 }, rate: undefined },
  { config: {}, progress: { notified: 0, succeeded: 0 }, rate: undefined },
  { config: { maximumPerMinute: 7 }, progress: { notified: 5000, succeeded: 0 }, rate: 7 },
  {
    config: exponential({ numberOfNotifiedThings: 1000 }),
    progress: { notified: 999, succeeded: 0 },
    rate: 50,
  },
  {
    config: exponential({ numberOfNotifiedThings: 1000 }),
    progress: { notified: 1000, succeeded: 0 },
    rate: 100,
  },
  {
    config: exponential({ numberOfNotifiedThings: 1000 }),
    progress: { notified: 2100, succeeded: 0 },
    rate: 200,
  },
  {
    config: exponential({ numberOfSucceededThings: 10 }),
    progress: { notified: 500, succeeded: 9 },
    rate: 50,
  },
  {
    config: exponential({ numberOfSucceededThings: 10 }),
    progress: { notified: 500, succeeded: 30 },
    rate: 400,
  },
  {
    config: exponential({ numberOfNotifiedThings: 10 }, 300),
    progress: { notified: 90, succeeded: 0 },
    rate: 300,
  },
  {
    config: exponential({ numberOfNotifiedThings: 1 }),
    progress: { notified: 9000, succeeded: 0 },
    rate: 1000,
  },
])("$config after $progress -> $rate a minute", ({ config, progress, rate }) => {
  expect(ratePerMinute(config, progress)).toBe(rate);
});

describe("a rollout", () => {
  let model: Model;
  beforeEach(() => {
    model = createModel();
  });
  const addFleet = (count: number) => {
    const names = Array.from({ length: count }, (_, index) => `t${index}`);
    addThings(model, ...names);
    addGroup(model, "fleet", names);
    return names;
  };
  const addFleetJob = (config?: RolloutConfig) =>
    addJob(model, "j1", [groupArn("fleet")], config && { config: { jobExecutionsRolloutConfig: config } });
  const created = () => jobOf(model, "j1").executions.size;

  test("without a rate reaches all things at once", () => {
    addFleet(1200);
    addFleetJob();
    expect(created()).toBe(1200);
    expect(jobOf(model, "j1").rollout).toBeUndefined();
  });

  test("at a constant rate creates that number of executions at the start of each minute", () => {
    addFleet(25);
    addFleetJob({ maximumPerMinute: 10 });
    expect(created()).toBe(10);
    model.advance(MINUTE_MS - 1);
    expect(created()).toBe(10);
    model.advance(1);
    expect(created()).toBe(20);
    model.advance(MINUTE_MS);
    expect(created()).toBe(25);
    expect(jobOf(model, "j1").rollout).toBeUndefined();
  });

  test("at an exponential rate creates more executions each minute", () => {
    addFleet(400);
    addFleetJob(exponential({ numberOfNotifiedThings: 100 }));
    const afterMinute = [created()];
    for (let minute = 1; minute < 5; minute += 1) {
      model.advance(MINUTE_MS);
      afterMinute.push(created());
    }
    expect(afterMinute).toEqual([50, 100, 200, 400, 400]);
  });

  test("grows with the number of successes", () => {
    const names = addFleet(300);
    addFleetJob(exponential({ numberOfSucceededThings: 40 }));
    model.advance(MINUTE_MS);
    expect(created()).toBe(100);
    for (const thingName of names.slice(0, 40)) {
      model.run("updateExecution", { thingName, jobId: "j1", status: "SUCCEEDED" });
    }
    model.advance(MINUTE_MS);
    expect(created()).toBe(200);
  });

  test("ends with its last thing, without waiting for the current minute to end", () => {
    const names = addFleet(10);
    addFleetJob({ maximumPerMinute: 10 });
    for (const thingName of names) {
      model.run("updateExecution", { thingName, jobId: "j1", status: "SUCCEEDED" });
    }
    expect(jobOf(model, "j1").status).toBe("COMPLETED");
  });

  test("does not count things that join a CONTINUOUS job meanwhile", () => {
    addFleet(20);
    addThings(model, "late");
    addJob(model, "j1", [groupArn("fleet")], {
      targetSelection: "CONTINUOUS",
      config: { jobExecutionsRolloutConfig: { maximumPerMinute: 5 } },
    });
    model.run("addThingToGroup", { thingName: "late", thingGroupName: "fleet" });
    expect(statusesOf(model, "j1")["late"]).toBe("QUEUED");
    expect(created()).toBe(6);
    model.advance(3 * MINUTE_MS);
    expect(created()).toBe(21);
  });

  test("skips things that were deleted, and stops when the job is canceled", () => {
    addFleet(20);
    addFleetJob({ maximumPerMinute: 5 });
    for (let index = 5; index < 12; index += 1) model.run("deleteThing", { thingName: `t${index}` });
    model.advance(MINUTE_MS);
    expect([...jobOf(model, "j1").executions.keys()].slice(5)).toEqual(["t12", "t13", "t14", "t15", "t16"]);
    model.run("cancelJob", { jobId: "j1", force: false });
    model.advance(10 * MINUTE_MS);
    expect(created()).toBe(10);
  });
});

describe("added targets", () => {
  test("are rolled out after the first rollout, also to a thing that had left", () => {
    const model = createModel();
    addThings(model, "t1", "t2");
    addGroup(model, "a", ["t1"]);
    addGroup(model, "b", ["t2"]);
    addJob(model, "j1", [groupArn("a")], { targetSelection: "CONTINUOUS" });
    model.run("removeThingFromGroup", { thingName: "t1", thingGroupName: "a" });
    model.run("addThingToGroup", { thingName: "t1", thingGroupName: "b" });
    model.run("associateTargets", {
      jobId: "j1",
      targets: [groupArn("b"), groupArn("a")],
      comment: "wave 2",
    });
    model.settle();
    expect(statusesOf(model, "j1")).toEqual({ t1: "REMOVED QUEUED", t2: "QUEUED" });
    expect(jobOf(model, "j1")).toMatchObject({ targets: [groupArn("a"), groupArn("b")], comment: "wave 2" });
  });

  test("are refused for a SNAPSHOT job, and beyond one hundred targets", () => {
    const model = createModel();
    addThings(model, ...Array.from({ length: 101 }, (_, index) => `t${index}`));
    addGroup(model, "a", []);
    const things = [...model.world.things.keys()].map(
      (name) => `arn:aws:iot:us-east-1:000000000000:thing/${name}`,
    );
    addJob(model, "snapshot", things.slice(0, 1));
    expect(() => model.run("associateTargets", { jobId: "snapshot", targets: things })).toThrow(
      expect.objectContaining({ code: "InvalidRequestException" }),
    );
    addJob(model, "continuous", [groupArn("a")], { targetSelection: "CONTINUOUS" });
    const add = (targets: string[]) => model.run("associateTargets", { jobId: "continuous", targets });
    expect(() => add(things.slice(0, 100))).toThrow(
      expect.objectContaining({ code: "LimitExceededException", status: 410 }),
    );
    add(things.slice(0, 99));
  });
});
