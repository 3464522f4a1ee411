/** Work of several kinds and jobs that is due at the same time, with more steps than a tick does. */
import { beforeEach, expect, test } from "vitest";
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
} from "../../test/model-driver.js";
import { dueWork } from "./due-work.js";
import { createWorld } from "./world.js";

const THINGS = ["t1", "t2", "t3", "t4", "t5", "t6"];

let model: Model;
beforeEach(() => {
  model = createModel(createWorld("us-east-1"), 2);
  addThings(model, ...THINGS);
  addGroup(model, "fleet", THINGS);
});

/** Creates jobs without running what is due. */
function createJobs(...jobIds: string[]): void {
  const options = { document: "{}", targetSelection: "SNAPSHOT", config: {}, tags: {} } as const;
  for (const jobId of jobIds) model.run("createJob", { jobId, targets: [groupArn("fleet")], ...options });
}

/** Runs all that is due. Returns what `measure` gives after each tick. */
function afterEachTick<T>(measure: () => T): T[] {
  const measured: T[] = [];
  model.onRun = () => measured.push(measure());
  model.settle();
  return measured;
}

const executions = () => [...model.world.jobs.values()].map((job) => job.executions.size);

test("rollouts share the steps of a tick, and take turns", () => {
  createJobs("j1", "j2", "j3");
  expect(afterEachTick(executions).slice(0, 6)).toEqual([
    [2, 0, 0],
    [2, 2, 0],
    [2, 2, 2],
    [4, 2, 2],
    [4, 4, 2],
    [4, 4, 4],
  ]);
  expect(executions()).toEqual([6, 6, 6]);
});

test("schedules that end together cancel no more in a tick than one does", () => {
  const endTime = "2026-11-24T01:00";
  const schedulingConfig = { endTime, endBehavior: "CANCEL" as const };
  addGroup(model, "pair", ["t1", "t2"]);
  for (const jobId of ["j1", "j2", "j3"]) addJob(model, jobId, [groupArn("pair")], { schedulingConfig });
  model.stop(60 * MINUTE_MS);
  const canceled = () => [...model.world.jobs.values()].map(({ counts }) => counts.CANCELED);
  expect(afterEachTick(canceled).filter(([, second]) => second === 0)).not.toEqual([]);
  expect(canceled()).toEqual([2, 2, 2]);
});

test("work of every kind goes on while work of the others waits", () => {
  const timeoutConfig = { inProgressTimeoutInMinutes: 1 };
  addJob(model, "late", [groupArn("fleet")], { config: { timeoutConfig } });
  for (const thingName of THINGS) model.run("startNextExecution", { thingName });
  for (const jobId of ["deleted", "canceled"]) addJob(model, jobId, [groupArn("fleet")]);
  addGroup(model, "gone", THINGS);
  model.run("deleteJob", { jobId: "deleted", force: true });
  model.run("cancelJob", { jobId: "canceled", force: true });
  model.run("deleteThingGroup", { thingGroupName: "gone" });
  model.run("createDynamicThingGroup", { thingGroupName: "all", attributes: {}, queryString: "thingName:*" });
  createJobs("new");
  model.stop(MINUTE_MS);
  const sizes = () => [
    model.world.jobs.get("deleted")?.executions.size ?? 0,
    jobOf(model, "canceled").counts.CANCELED,
    model.world.groups.get("gone")?.things.size ?? 0,
    model.world.groups.get("all")?.things.size ?? 0,
    jobOf(model, "late").counts.TIMED_OUT,
  ];
  expect(afterEachTick(sizes).slice(0, 6)).toEqual([
    [4, 0, 6, 0, 0],
    [4, 0, 4, 2, 0], // a thing that leaves a group is compared with the query at once
    [4, 0, 4, 2, 0],
    [4, 0, 4, 2, 2],
    [4, 2, 4, 2, 2],
    [2, 2, 4, 2, 2],
  ]);
  expect(sizes()).toEqual([0, 6, 0, 6, 6]);
  expect(jobOf(model, "new").executions.size).toBe(6);
  expect(dueWork(model.world, model.nowMs)).toEqual([]);
});

test("a rollout waits for timeouts that abort its job, also if those are many", () => {
  const config = {
    timeoutConfig: { inProgressTimeoutInMinutes: 1 },
    jobExecutionsRolloutConfig: { maximumPerMinute: 4 },
    abortConfig: {
      criteriaList: [
        {
          failureType: "TIMED_OUT" as const,
          action: "CANCEL" as const,
          thresholdPercentage: 100,
          minNumberOfExecutedThings: 4,
        },
      ],
    },
  };
  addJob(model, "j1", [groupArn("fleet")], { config });
  for (const thingName of ["t1", "t2", "t3", "t4"]) model.run("startNextExecution", { thingName });
  model.advance(MINUTE_MS);
  expect(jobOf(model, "j1")).toMatchObject({ status: "CANCELED", reasonCode: "ABORT_CRITERIA_MET" });
  expect(Object.keys(statusesOf(model, "j1"))).toEqual(["t1", "t2", "t3", "t4"]);
});

test("a rollout to things that have an execution looks at no more things in a tick than others", () => {
  addJob(model, "j1", [groupArn("fleet")], { targetSelection: "CONTINUOUS" });
  addGroup(model, "same", THINGS);
  model.run("associateTargets", { jobId: "j1", targets: [groupArn("same")] });
  expect(afterEachTick(() => jobOf(model, "j1").rollout?.things?.length)).toEqual([4, 2, undefined]);
});

test("a maintenance window opens and closes a large job in ticks, each with the notifications of its devices", () => {
  const maintenanceWindows = [{ startTime: "cron(0 * * * ? *)", durationInMinutes: 10 }];
  const options = { targetSelection: "CONTINUOUS", schedulingConfig: { maintenanceWindows } } as const;
  addJob(model, "j1", [groupArn("fleet")], options);
  model.stop(10 * MINUTE_MS);
  model.takeNotices();
  const notified = () => model.takeNotices().map(({ topic }) => topic.replace("$aws/things/", ""));
  const ofThings = (...names: string[]) =>
    names.flatMap((name) => [`${name}/jobs/notify`, `${name}/jobs/notify-next`]);
  const inTicks = [ofThings("t1", "t2"), ofThings("t3", "t4"), ofThings("t5", "t6")];
  expect(afterEachTick(notified)).toEqual(inTicks);
  expect(jobOf(model, "j1").status).toBe("SCHEDULED");
  model.stop(50 * MINUTE_MS);
  expect(afterEachTick(notified)).toEqual(inTicks);
  expect(jobOf(model, "j1").status).toBe("IN_PROGRESS");
});

test("a device that asks is in time for a window that has not reached it, and too late for one that has ended", () => {
  const maintenanceWindows = [{ startTime: "cron(0 * * * ? *)", durationInMinutes: 10 }];
  const options = { targetSelection: "CONTINUOUS", schedulingConfig: { maintenanceWindows } } as const;
  addJob(model, "j1", [groupArn("fleet")], options);
  const start = () => model.run("startNextExecution", { thingName: "t6" });
  model.stop(10 * MINUTE_MS);
  model.run("tick", {});
  expect(start()).toBeUndefined();
  model.settle();
  model.stop(50 * MINUTE_MS);
  model.run("tick", {});
  expect(start()?.execution).toMatchObject({ jobId: "j1", status: "IN_PROGRESS" });
});

test("a device that asks gets an older execution that its window has not reached before a newer one", () => {
  const maintenanceWindows = [{ startTime: "cron(0 * * * ? *)", durationInMinutes: 10 }];
  const options = { targetSelection: "CONTINUOUS", schedulingConfig: { maintenanceWindows } } as const;
  addJob(model, "j1", [groupArn("fleet")], options);
  addJob(model, "j2", [groupArn("fleet")]);
  model.advance(10 * MINUTE_MS);
  model.stop(50 * MINUTE_MS);
  model.run("tick", {});
  expect(executionOf(model, "j1", "t6").visibilityChange).not.toBe(jobOf(model, "j1").visibilityChange?.id);
  expect(model.run("startNextExecution", { thingName: "t6" })?.execution.jobId).toBe("j1");
});

test("a window that ends while its opening still has to reach devices closes the job after that", () => {
  const maintenanceWindows = [{ startTime: "cron(0 1 * * ? *)", durationInMinutes: 10 }];
  const options = { targetSelection: "CONTINUOUS", schedulingConfig: { maintenanceWindows } } as const;
  model.stop(60 * MINUTE_MS);
  addJob(model, "j1", [groupArn("fleet")], options);
  model.stop(24 * 60 * MINUTE_MS - MINUTE_MS);
  model.settle();
  expect(jobOf(model, "j1").status).toBe("SCHEDULED");
  model.stop(MINUTE_MS);
  model.run("tick", {});
  model.stop(10 * MINUTE_MS);
  const statuses = afterEachTick(() => jobOf(model, "j1").status);
  expect(statuses).toEqual(["IN_PROGRESS", ...Array.from({ length: 4 }, () => "SCHEDULED")]);
});
