/** Moves of the clock over the deadlines of more executions than a command changes at once. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MovableClock } from "../clock.js";
import type { Job, JobConfig } from "../jobs/job.js";
import { manualClock } from "../movable-clock.js";
import type { CommandInput } from "./commands.js";
import { createEngine, type Engine } from "./engine.js";

const MINUTE_MS = 60_000;
const THINGS = Array.from({ length: 2_500 }, (_, index) => `t${index}`);
const ARN_PREFIX = "arn:aws:iot:us-east-1:000000000000:";

let clock: MovableClock;
let engine: Engine;
beforeEach(async () => {
  clock = manualClock(Date.UTC(2026, 10, 24));
  engine = await createEngine({ clock, region: "us-east-1" });
  await engine.run("createThingGroup", { thingGroupName: "fleet", attributes: {} });
  for (const thingName of THINGS) {
    await engine.run("createThing", { thingName, attributes: {} });
    await engine.run("addThingToGroup", { thingName, thingGroupName: "fleet" });
  }
});
afterEach(() => engine.close());

const jobOf = (jobId: string) => engine.world.jobs.get(jobId) as Readonly<Job>;
const endTimes = (jobId: string) => [
  ...new Set([...jobOf(jobId).executions.values()].flat().map(({ lastUpdatedAtMs }) => lastUpdatedAtMs)),
];
const timeout = (inProgressTimeoutInMinutes: number): JobConfig => ({
  timeoutConfig: { inProgressTimeoutInMinutes },
});

async function createJob(jobId: string, target: string, options: Partial<CommandInput<"createJob">>) {
  const targets = [ARN_PREFIX + target];
  const job = { jobId, targets, document: "{}", targetSelection: "SNAPSHOT" as const, tags: {}, config: {} };
  await engine.run("createJob", { ...job, ...options });
}

/** Creates the job and starts its execution on each of the things. */
async function start(
  jobId: string,
  target: string,
  things: string[],
  options: Partial<CommandInput<"createJob">>,
) {
  await createJob(jobId, target, options);
  await engine.until(() => jobOf(jobId).counts.QUEUED === things.length);
  for (const thingName of things) await engine.run("startNextExecution", { thingName });
}

test("many executions time out at their own time", async () => {
  await start("j1", "thinggroup/fleet", THINGS, { config: timeout(5) });
  const deadlineMs = clock.nowMs() + 5 * MINUTE_MS;
  clock.advance(60 * MINUTE_MS);
  expect(jobOf("j1").counts.TIMED_OUT).toBe(THINGS.length);
  expect(endTimes("j1")).toEqual([deadlineMs]);
});

test("executions that the end of a schedule cancels do not time out later", async () => {
  const schedulingConfig = { endTime: "2026-11-24T01:00", endBehavior: "FORCE_CANCEL" as const };
  await start("j1", "thinggroup/fleet", THINGS, { config: timeout(90), schedulingConfig });
  clock.advance(120 * MINUTE_MS);
  expect(jobOf("j1").counts).toMatchObject({ CANCELED: THINGS.length, TIMED_OUT: 0 });
  expect(endTimes("j1")).toEqual([Date.UTC(2026, 10, 24, 1)]);
});

test("the deadline of a small job comes at its own time, not after that of a large one", async () => {
  await engine.run("createThing", { thingName: "alone", attributes: {} });
  await start("j1", "thinggroup/fleet", THINGS, { config: timeout(5) });
  await start("j2", "thing/alone", ["alone"], { config: timeout(10) });
  const deadlineMs = clock.nowMs() + 10 * MINUTE_MS;
  clock.advance(60 * MINUTE_MS);
  expect(endTimes("j2")).toEqual([deadlineMs]);
});

test("a rollout that is due already is complete before the clock moves on", async () => {
  const createdMs = clock.nowMs();
  await createJob("j1", "thinggroup/fleet", {});
  clock.advance(60 * MINUTE_MS);
  expect(jobOf("j1").counts.QUEUED).toBe(THINGS.length);
  expect(endTimes("j1")).toEqual([createdMs]);
});
