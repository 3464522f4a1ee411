import { expect, test } from "vitest";
import { documentOf, FakeWorld, imageOf } from "./testing/index.js";

function setUp() {
  const world = new FakeWorld({ old: imageOf(1, 500), new: imageOf(2, 900) });
  const execution = world.cloud.addJob("job-1", documentOf(imageOf(2, 900), 1));
  const { jobs } = world.boot();
  return { world, execution, jobs, wait: <T>(work: Promise<T>) => world.clock.run(work) };
}

test("P-20, P-21: changed is false at first, true after a notification, and consumed", async () => {
  const { world, jobs, wait } = setUp();
  await wait(jobs.list());
  expect(jobs.changed()).toBe(false);
  world.cloud.send("$aws/things/thing-1/jobs/notify", "anything");
  expect([jobs.changed(), jobs.changed()]).toEqual([true, false]);
});

test("P-22: list gives jobs in progress and queued ones, as Job objects", async () => {
  const { world, jobs, wait } = setUp();
  world.cloud.addJob("job-2", {}).status = "IN_PROGRESS";
  const [inProgress, queued] = await wait(jobs.list());
  expect([inProgress.map(String), queued.map(String)]).toEqual([["job-2@thing-1"], ["job-1@thing-1"]]);
});

test("P-26: describe reads status, version and document; false for a job that is not pending", async () => {
  const { execution, jobs, wait } = setUp();
  const [, [job]] = await wait(jobs.list());
  if (job === undefined) throw new Error("no job");
  execution.versionNumber = 5;
  expect(await wait(job.describe())).toBe(true);
  expect(job).toMatchObject({
    status: "QUEUED",
    version: 5,
    executionNumber: 1,
    document: { operation: "fota" },
  });
  execution.status = "CANCELED";
  expect(await wait(job.describe())).toBe(false);
});

test("P-27, P-28, B-17, B-19: update is true when taken, and a second one on the same object too", async () => {
  const { execution, jobs, wait } = setUp();
  const [, [job]] = await wait(jobs.list());
  if (job === undefined) throw new Error("no job");
  expect(await wait(job.update("IN_PROGRESS"))).toBe(true);
  expect(await wait(job.update("IN_PROGRESS", { phase: "half" }))).toBe(true);
  expect(job).toMatchObject({ status: "IN_PROGRESS", version: 3 });
  expect(await wait(job.update("SUCCEEDED"))).toBe(true);
  expect([execution.status, execution.statusDetails]).toEqual(["SUCCEEDED", {}]);
  expect(await wait(job.update("SUCCEEDED"))).toBe(false);
});

test("update is false when the version is another's", async () => {
  const { execution, jobs, wait } = setUp();
  const [, [job]] = await wait(jobs.list());
  if (job === undefined) throw new Error("no job");
  execution.versionNumber = 7;
  expect(await wait(job.update("IN_PROGRESS"))).toBe(false);
});

test("B-22: what gets no answer rejects with a code instead of hanging", async () => {
  const { world, jobs, wait } = setUp();
  const [, [job]] = await wait(jobs.list());
  if (job === undefined) throw new Error("no job");
  world.cloud.fault = () => "lose";
  const timedOut = { code: "REQUEST_TIMED_OUT" };
  await expect(wait(jobs.list())).rejects.toMatchObject(timedOut);
  await expect(wait(job.describe())).rejects.toMatchObject(timedOut);
  await expect(wait(job.update("FAILED"))).rejects.toMatchObject(timedOut);
});

test("only notify stays subscribed", async () => {
  const { world, jobs, wait } = setUp();
  await wait(jobs.list());
  expect(world.cloud.subscriptions).toEqual(["$aws/things/thing-1/jobs/notify"]);
});
