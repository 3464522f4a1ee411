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
  START_MS,
  statusesOf,
  thingArn,
} from "../../test/model-driver.js";
import type { SchedulingConfig } from "./job.js";
import { scheduleAt, upcomingWindows } from "./schedule.js";

const at = (text: string) => Date.parse(`${text}Z`);

test.each<{ config: SchedulingConfig | undefined; now: string; state: object }>([
  { config: undefined, now: "2026-11-24T00:00", state: { open: true, ended: false } },
  {
    config: { startTime: "2026-11-24T01:00" },
    now: "2026-11-24T00:59",
    state: { open: false, ended: false, changesAtMs: at("2026-11-24T01:00") },
  },
  {
    config: { startTime: "2026-11-24 01:00:00+0100" },
    now: "2026-11-24T00:00",
    state: { open: true, ended: false },
  },
  {
    config: { endTime: "2026-11-24T02:00Z" },
    now: "2026-11-24T00:00",
    state: { open: true, ended: false, changesAtMs: at("2026-11-24T02:00") },
  },
  { config: { endTime: "2026-11-24T02:00" }, now: "2026-11-24T02:00", state: { open: true, ended: true } },
  {
    config: { maintenanceWindows: [{ startTime: "cron(0 22 * * ? *)", durationInMinutes: 180 }] },
    now: "2026-11-24T00:30",
    state: { open: true, ended: false, changesAtMs: at("2026-11-24T01:00") },
  },
  {
    config: { maintenanceWindows: [{ startTime: "cron(0 22 * * ? *)", durationInMinutes: 180 }] },
    now: "2026-11-24T01:00",
    state: { open: false, ended: false, changesAtMs: at("2026-11-24T22:00") },
  },
])("$config at $now -> $state", ({ config, now, state }) => {
  expect(scheduleAt(config, at(now))).toEqual(state);
});

test("up to seven upcoming windows are listed, none after the end time", () => {
  const maintenanceWindows = [{ startTime: "cron(0 3 ? * SUN *)", durationInMinutes: 60 }];
  const coming = upcomingWindows({ startTime: "2026-12-06T03:00", maintenanceWindows }, START_MS);
  expect(coming).toHaveLength(7);
  expect(coming[0]).toBe(at("2026-12-06T03:00"));
  expect(upcomingWindows({ endTime: "2026-12-06T03:00", maintenanceWindows }, START_MS)).toEqual([
    at("2026-11-29T03:00"),
  ]);
});

describe("a job", () => {
  let model: Model;
  beforeEach(() => {
    model = createModel();
    addThings(model, "t1", "t2", "t3");
    addGroup(model, "fleet", ["t1", "t2"]);
    model.takeNotices();
  });
  const announced = () =>
    model.takeNotices().map(({ topic }) => topic.replace("$aws/things/", "").replace("/jobs/", " "));
  const startNext = (thingName: string) => model.run("startNextExecution", { thingName })?.execution.status;

  test("with a start time is hidden from devices until then", () => {
    addJob(model, "j1", [groupArn("fleet")], { schedulingConfig: { startTime: "2026-11-24T01:00" } });
    expect(jobOf(model, "j1").status).toBe("SCHEDULED");
    model.run("addThingToGroup", { thingName: "t3", thingGroupName: "fleet" });
    model.advance(60 * MINUTE_MS - 1);
    expect(statusesOf(model, "j1")).toEqual({});
    model.advance(1);
    expect(jobOf(model, "j1").status).toBe("IN_PROGRESS");
    expect(statusesOf(model, "j1")).toEqual({ t1: "QUEUED", t2: "QUEUED", t3: "QUEUED" });
  });

  test("can be canceled before its start time", () => {
    addJob(model, "j1", [thingArn("t1")], { schedulingConfig: { startTime: "2026-11-24T01:00" } });
    model.run("cancelJob", { jobId: "j1", force: false });
    model.advance(120 * MINUTE_MS);
    expect(jobOf(model, "j1").status).toBe("CANCELED");
    expect(statusesOf(model, "j1")).toEqual({});
  });

  test.each([
    { endBehavior: undefined, status: "IN_PROGRESS", statuses: { t1: "IN_PROGRESS", t2: "QUEUED" } },
    { endBehavior: "STOP_ROLLOUT", status: "IN_PROGRESS", statuses: { t1: "IN_PROGRESS", t2: "QUEUED" } },
    { endBehavior: "CANCEL", status: "CANCELED", statuses: { t1: "IN_PROGRESS", t2: "CANCELED" } },
    { endBehavior: "FORCE_CANCEL", status: "CANCELED", statuses: { t1: "CANCELED", t2: "CANCELED" } },
  ] as const)("at its end with $endBehavior: $status, $statuses", ({ endBehavior, status, statuses }) => {
    addThings(model, ...Array.from({ length: 40 }, (_, index) => `slow-${index}`));
    addJob(model, "j1", [...model.world.things.keys()].map(thingArn), {
      schedulingConfig: { endTime: "2026-11-24T00:30", ...(endBehavior && { endBehavior }) },
      config: { jobExecutionsRolloutConfig: { maximumPerMinute: 1 } },
    });
    startNext("t1");
    model.advance(60 * MINUTE_MS);
    expect(jobOf(model, "j1").status).toBe(status);
    expect(statusesOf(model, "j1")).toMatchObject(statuses);
    expect(jobOf(model, "j1")).toMatchObject({ executions: { size: 30 } });
  });

  test("that is CONTINUOUS with an end time adds no things after it, and completes with its last execution", () => {
    addJob(model, "j1", [groupArn("fleet")], {
      targetSelection: "CONTINUOUS",
      schedulingConfig: { endTime: "2026-11-24T01:00" },
    });
    model.run("updateExecution", { thingName: "t1", jobId: "j1", status: "SUCCEEDED" });
    model.advance(60 * MINUTE_MS);
    model.run("addThingToGroup", { thingName: "t3", thingGroupName: "fleet" });
    expect(jobOf(model, "j1").status).toBe("IN_PROGRESS");
    model.run("updateExecution", { thingName: "t2", jobId: "j1", status: "FAILED" });
    expect(statusesOf(model, "j1")).toEqual({ t1: "SUCCEEDED", t2: "FAILED" });
    expect(jobOf(model, "j1").status).toBe("COMPLETED");
  });

  test("that is CONTINUOUS with nothing pending completes at its end time", () => {
    addJob(model, "j1", [groupArn("fleet")], {
      targetSelection: "CONTINUOUS",
      schedulingConfig: { endTime: "2026-11-24T01:00" },
    });
    for (const thingName of ["t1", "t2"]) {
      model.run("updateExecution", { thingName, jobId: "j1", status: "SUCCEEDED" });
    }
    expect(jobOf(model, "j1").status).toBe("IN_PROGRESS");
    model.advance(60 * MINUTE_MS);
    expect(jobOf(model, "j1")).toMatchObject({ status: "COMPLETED", completedAtMs: at("2026-11-24T01:00") });
  });

  test("with maintenance windows shows queued executions only while one is open, and keeps those in progress", () => {
    addJob(model, "j1", [groupArn("fleet")], {
      targetSelection: "CONTINUOUS",
      schedulingConfig: {
        maintenanceWindows: [{ startTime: "cron(0 1 * * ? *)", durationInMinutes: 60 }],
      },
      config: { jobExecutionsRetryConfig: { criteriaList: [{ failureType: "FAILED", numberOfRetries: 1 }] } },
    });
    expect(jobOf(model, "j1").status).toBe("SCHEDULED");
    model.advance(60 * MINUTE_MS);
    expect(announced()).toEqual(["t1 notify", "t1 notify-next", "t2 notify", "t2 notify-next"]);
    expect(startNext("t1")).toBe("IN_PROGRESS");
    model.advance(60 * MINUTE_MS);
    expect(jobOf(model, "j1").status).toBe("SCHEDULED");
    expect(announced()).toEqual(["t2 notify", "t2 notify-next"]);
    expect(startNext("t1")).toBe("IN_PROGRESS");
    expect(startNext("t2")).toBeUndefined();
    model.run("addThingToGroup", { thingName: "t3", thingGroupName: "fleet" });
    expect(startNext("t3")).toBeUndefined();
    model.run("updateExecution", { thingName: "t1", jobId: "j1", status: "FAILED" });
    expect(announced()).toEqual(["t1 notify", "t1 notify-next"]);
    expect(statusesOf(model, "j1")).toEqual({ t1: "FAILED QUEUED", t2: "QUEUED", t3: "QUEUED" });
    model.advance(23 * 60 * MINUTE_MS);
    expect(["t1", "t2", "t3"].map(startNext)).toEqual(["IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS"]);
  });

  test.each<{ schedulingConfig: SchedulingConfig; selection: "SNAPSHOT" | "CONTINUOUS" }>([
    { schedulingConfig: { startTime: "2026-11-24T00:29" }, selection: "SNAPSHOT" },
    { schedulingConfig: { startTime: "2027-11-25T00:00" }, selection: "SNAPSHOT" },
    { schedulingConfig: { startTime: "tomorrow" }, selection: "SNAPSHOT" },
    { schedulingConfig: { endTime: "2026-11-24T00:29" }, selection: "SNAPSHOT" },
    {
      schedulingConfig: { startTime: "2026-11-24T01:00", endTime: "2026-11-24T01:29" },
      selection: "SNAPSHOT",
    },
    { schedulingConfig: { endTime: "2029-01-01T00:00" }, selection: "SNAPSHOT" },
    { schedulingConfig: { endBehavior: "CANCEL" }, selection: "SNAPSHOT" },
    {
      schedulingConfig: { maintenanceWindows: [{ startTime: "cron(0 1 * * ? *)", durationInMinutes: 60 }] },
      selection: "SNAPSHOT",
    },
    {
      schedulingConfig: {
        maintenanceWindows: [{ startTime: "cron(0 1 * * ? 2025)", durationInMinutes: 60 }],
      },
      selection: "CONTINUOUS",
    },
  ])("$schedulingConfig of a $selection job is refused", ({ schedulingConfig, selection }) => {
    expect(() =>
      addJob(model, "j1", [groupArn("fleet")], { schedulingConfig, targetSelection: selection }),
    ).toThrow(expect.objectContaining({ code: "InvalidRequestException" }));
    expect(model.world.jobs.size).toBe(0);
  });
});
