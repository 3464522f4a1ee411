import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { addJob, addThings, createModel, START_MS, thingArn } from "../../test/model-driver.js";
import { nextDueMs } from "./due-work.js";
import type { Job } from "./job.js";
import { dueJobs, firstWakeMs, setWake } from "./wakes.js";
import { createWorld } from "./world.js";

const setting = fc.record({
  jobId: fc.constantFrom("a", "b", "c", "d"),
  atMs: fc.option(fc.nat(5), { nil: undefined }),
});

test("the jobs that are due come in the order of the stored set, whatever was set before and after the first call", () => {
  fc.assert(
    fc.property(fc.array(setting), fc.array(setting), fc.nat(5), (before, after, nowMs) => {
      const world = createWorld("us-east-1");
      const jobs = world.jobs as Map<string, Job>;
      for (const jobId of "abcd") jobs.set(jobId, { jobId } as Job);
      const apply = ({ jobId, atMs }: { jobId: string; atMs: number | undefined }) =>
        setWake(world, jobs.get(jobId) as Job, atMs);
      before.forEach(apply);
      firstWakeMs(world);
      after.forEach(apply);
      const waking = [...world.waking].map((jobId) => ({
        jobId,
        atMs: jobs.get(jobId)?.wakeAtMs ?? Number.NaN,
      }));
      const times = waking.map(({ atMs }) => atMs).sort((a, b) => a - b);
      expect(firstWakeMs(world)).toBe(times[0]);
      const due = waking.filter(({ atMs }) => atMs <= nowMs);
      expect(dueJobs(world, nowMs)).toEqual(due.map(({ jobId }) => jobId));
    }),
  );
});

test("neither a command nor a tick looks at other jobs that are scheduled", () => {
  const model = createModel();
  addThings(model, "t1");
  for (let index = 0; index < 1_000; index += 1)
    addJob(model, `later${index}`, [thingArn("t1")], { schedulingConfig: { startTime: "2026-11-25T00:00" } });
  const get = vi.spyOn(model.world.jobs, "get");
  addJob(model, "now", [thingArn("t1")]);
  expect(nextDueMs(model.world)).toBe(START_MS + 24 * 60 * 60_000);
  expect(get.mock.calls.length).toBeLessThan(20);
  get.mockRestore();
});
