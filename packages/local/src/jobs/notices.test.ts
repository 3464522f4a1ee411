import { beforeEach, expect, test } from "vitest";
import {
  addGroup,
  addJob,
  addThings,
  createModel,
  groupArn,
  type Model,
  START_MS,
  thingArn,
} from "../../test/model-driver.js";
import { pendingSummaries } from "./payloads.js";

// The table of the AWS IoT Developer Guide, "Jobs notifications": what of the two is sent, and what is in it.

let model: Model;
beforeEach(() => {
  model = createModel();
  addThings(model, "t1");
  model.takeNotices();
});

/** `notify: <pending job ids>` and `next: <job id and status of the head>`, as they were sent to t1. */
function announced(): string[] {
  return model.takeNotices().map(({ topic, payload }) => {
    const { jobs, execution } = JSON.parse(payload);
    if (topic === "$aws/things/t1/jobs/notify-next")
      return `next: ${execution ? `${execution.jobId} ${execution.status}` : "none"}`;
    const ids = ["IN_PROGRESS", "QUEUED"].flatMap((status) =>
      (jobs[status] ?? []).map(({ jobId }: { jobId: string }) => jobId),
    );
    return `notify: ${ids.join(" ")}`;
  });
}
const update = (jobId: string, status: "IN_PROGRESS" | "SUCCEEDED" | "REJECTED") =>
  model.run("updateExecution", { thingName: "t1", jobId, status });

test("the first job causes notify and notify-next, a job behind it only notify", () => {
  addJob(model, "j1", [thingArn("t1")]);
  expect(announced()).toEqual(["notify: j1", "next: j1 QUEUED"]);
  addJob(model, "j2", [thingArn("t1")]);
  expect(announced()).toEqual(["notify: j1 j2"]);
});

test("progress of the head causes no notification; an execution that overtakes it does", () => {
  for (const jobId of ["j1", "j2", "j3"]) addJob(model, jobId, [thingArn("t1")]);
  model.run("startNextExecution", { thingName: "t1" });
  update("j1", "IN_PROGRESS");
  model.takeNotices();
  update("j1", "SUCCEEDED");
  expect(announced()).toEqual(["notify: j2 j3", "next: j2 QUEUED"]);
  update("j3", "IN_PROGRESS");
  expect(announced()).toEqual(["next: j3 IN_PROGRESS"]);
  update("j2", "REJECTED");
  expect(announced()).toEqual(["notify: j3"]);
  update("j3", "SUCCEEDED");
  expect(announced()).toEqual(["notify: ", "next: none"]);
});

test("deleting a queued job causes a notification", () => {
  addJob(model, "j1", [thingArn("t1")]);
  model.takeNotices();
  model.run("deleteJob", { jobId: "j1", force: true });
  expect(announced()).toEqual(["notify: ", "next: none"]);
  model.settle();
  expect(announced()).toEqual([]);
});

test("a notification lists ten executions, and five more of jobs with maintenance windows", () => {
  const schedulingConfig = {
    maintenanceWindows: [{ startTime: "cron(0 0 * * ? *)", durationInMinutes: 60 }],
  };
  addGroup(model, "fleet", ["t1"]);
  const add = (jobId: string, more: object) =>
    addJob(model, jobId, [groupArn("fleet")], { targetSelection: "CONTINUOUS", ...more });
  for (let index = 0; index < 7; index += 1) add(`w${index}`, { schedulingConfig });
  for (let index = 0; index < 12; index += 1) add(`p${index}`, {});
  model.run("startNextExecution", { thingName: "t1" });
  const { inProgressJobs, queuedJobs } = pendingSummaries(model.world, "t1");
  expect(inProgressJobs.map(({ jobId }) => jobId)).toEqual(["w0"]);
  expect(queuedJobs.map(({ jobId }) => jobId)).toEqual(
    "w1 w2 w3 w4 p0 p1 p2 p3 p4 p5 p6 p7 p8 p9".split(" "),
  );
});

test("the payloads match AWS's documentation exactly", () => {
  addJob(model, "j1", [thingArn("t1")], { document: '{"operation":"fota"}' });
  model.advance(1_500);
  model.run("cancelJob", { jobId: "j1", force: false });
  const seconds = START_MS / 1000;
  const summary = {
    jobId: "j1",
    queuedAt: seconds,
    lastUpdatedAt: seconds,
    executionNumber: 1,
    versionNumber: 1,
  };
  expect(model.takeNotices().map(({ payload }) => JSON.parse(payload))).toEqual([
    { timestamp: seconds, jobs: { QUEUED: [summary] } },
    {
      timestamp: seconds,
      execution: { ...summary, status: "QUEUED", jobDocument: { operation: "fota" } },
    },
    { timestamp: seconds + 1, jobs: {} },
    { timestamp: seconds + 1 },
  ]);
});
