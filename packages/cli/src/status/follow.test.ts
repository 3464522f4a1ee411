import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import { type FollowPorts, follow } from "./follow.js";
import type { JobState } from "./summary.js";

function state(succeeded: number, ended = false): JobState {
  const counts = { ...NO_COUNTS, succeeded };
  return { summary: { jobId: "a", status: "IN_PROGRESS", counts, total: 3, continuous: false }, ended };
}

/** Gives one answer after the other, the last one for ever; time passes only in `sleep`. */
function ports(answers: (JobState | FotaError)[]) {
  const told: string[] = [];
  const delaysMs: number[] = [];
  let nowMs = 0;
  let next = 0;
  const made: FollowPorts = {
    read: async () => {
      const answer = answers[Math.min(next++, answers.length - 1)];
      if (answer instanceof FotaError || answer === undefined) throw answer;
      return answer;
    },
    onState: ({ summary }) => told.push(`${summary.counts.succeeded} succeeded`),
    onOutage: ({ code }) => told.push(code),
    sleep: async (delayMs) => {
      delaysMs.push(delayMs);
      nowMs += delayMs;
    },
    nowMs: () => nowMs,
  };
  return { ports: made, told, delaysMs };
}

test("a job that has ended is not asked about again", async () => {
  const { ports: given, delaysMs } = ports([state(3, true)]);
  expect(await follow(given, undefined)).toEqual(state(3, true));
  expect(delaysMs).toEqual([]);
});

test("it asks less often while nothing changes, and at once more often when something does", async () => {
  const same = state(1);
  const { ports: given, delaysMs } = ports([same, same, same, same, same, same, state(2), state(3, true)]);
  await follow(given, undefined);
  expect(delaysMs).toEqual([1_000, 1_500, 2_250, 3_375, 5_000, 5_000, 1_000]);
});

test("a rate that moves with time alone is no change", async () => {
  const slower = (ratePerMinute: number): JobState => {
    const { summary, ended } = state(1);
    return { summary: { ...summary, ratePerMinute }, ended };
  };
  const { ports: given, delaysMs } = ports([slower(3), slower(2), slower(1), state(3, true)]);
  await follow(given, undefined);
  expect(delaysMs).toEqual([1_000, 1_500, 2_250]);
});

test("throttling and an outage are reported and waited out", async () => {
  const { ports: given, told } = ports([
    new FotaError("THROTTLED", "slow down"),
    new FotaError("ENDPOINT_UNREACHABLE", "gone"),
    state(3, true),
  ]);
  await follow(given, undefined);
  expect(told).toEqual(["THROTTLED", "ENDPOINT_UNREACHABLE", "3 succeeded"]);
});

test("an outage of more than 5 minutes ends the wait with its own error", async () => {
  const { ports: given, told } = ports([new FotaError("ENDPOINT_UNREACHABLE", "gone")]);
  await expect(follow(given, undefined)).rejects.toMatchObject({ code: "ENDPOINT_UNREACHABLE" });
  expect(told.length).toBeGreaterThan(50);
});

test("what will not pass by itself ends the wait at once", async () => {
  const { ports: given, told } = ports([new FotaError("JOB_NOT_FOUND", "no job")]);
  await expect(follow(given, undefined)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
  expect(told).toEqual([]);
});

test("a time limit ends the wait exactly then, with one last look", async () => {
  const { ports: given, delaysMs, told } = ports([state(1)]);
  await expect(follow(given, 4_000)).rejects.toMatchObject({
    code: "WAIT_TIMED_OUT",
    message: "job a has not ended after 4 s",
    hint: "run `fota why a` to see what holds it up; the job continues",
  });
  expect(delaysMs.reduce((sum, delayMs) => sum + delayMs)).toBe(4_000);
  expect(told).toHaveLength(delaysMs.length + 1);
});
