import { expect, test } from "vitest";
import { addJob, addThings, createModel, type Model, thingArn } from "../../test/model-driver.js";
import type { Job } from "./job.js";

const target = [thingArn("t1")];

/** A model in which `t1` has this many pending executions, and how often commands have looked up a job since. */
function withPending(count: number): { model: Model; lookups: () => number } {
  const model = createModel();
  addThings(model, "t1");
  for (let index = 0; index < count; index += 1) addJob(model, `j${index}`, target);
  let lookups = 0;
  class CountedJobs extends Map<string, Job> {
    override get(jobId: string): Job | undefined {
      lookups += 1;
      return super.get(jobId);
    }
  }
  model.world.jobs = new CountedJobs(model.world.jobs);
  return { model, lookups: () => lookups };
}

test.each([
  ["queues one more", (model: Model) => addJob(model, "last", target)],
  ["starts the next", (model: Model) => model.run("startNextExecution", { thingName: "t1" })],
  [
    "moves one from the middle to the front",
    (model: Model) => model.run("updateExecution", { thingName: "t1", jobId: "j50", status: "IN_PROGRESS" }),
  ],
  [
    "ends one in the middle",
    (model: Model) => model.run("updateExecution", { thingName: "t1", jobId: "j50", status: "SUCCEEDED" }),
  ],
  ["cancels a job in the middle", (model: Model) => model.run("cancelJob", { jobId: "j50", force: false })],
] as const)("a command that %s looks at a few of a thousand pending executions", (_what, command) => {
  const few = withPending(100);
  command(few.model);
  const many = withPending(1_000);
  command(many.model);
  expect(many.lookups()).toBeLessThan(few.lookups() + 60);
});

test("a long queue shows ten executions, and five more with maintenance windows, wherever they are", () => {
  const model = createModel();
  addThings(model, "t1");
  const schedulingConfig = {
    maintenanceWindows: [{ startTime: "cron(0 0 * * ? *)", durationInMinutes: 60 }],
  };
  const windowed = { targetSelection: "CONTINUOUS", schedulingConfig } as const;
  for (let index = 0; index < 40; index += 1) addJob(model, `plain${index}`, target);
  for (let index = 0; index < 7; index += 1) addJob(model, `windowed${index}`, target, windowed);
  addJob(model, "last", target);
  const shown = () => {
    const notify = model
      .takeNotices()
      .filter(({ topic }) => topic.endsWith("/notify"))
      .at(-1);
    const { jobs } = JSON.parse(notify?.payload ?? "{}");
    return jobs.QUEUED.map(({ jobId }: { jobId: string }) => jobId);
  };
  const plain = Array.from({ length: 12 }, (_, index) => `plain${index}`);
  const windows = Array.from({ length: 7 }, (_, index) => `windowed${index}`);
  expect(shown()).toEqual([...plain.slice(0, 10), ...windows.slice(0, 5)]);
  model.run("updateExecution", { thingName: "t1", jobId: "windowed1", status: "REJECTED" });
  model.run("updateExecution", { thingName: "t1", jobId: "plain1", status: "REJECTED" });
  expect(shown()).toEqual(
    [...plain.slice(0, 11), ...windows.slice(0, 6)].filter((id) => !["plain1", "windowed1"].includes(id)),
  );
});
