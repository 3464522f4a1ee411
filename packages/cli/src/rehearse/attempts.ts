import type { Durations } from "./durations.js";
import type { ObservedExecution, ObservedJob } from "./observed.js";

/** Holds the attempts of one job on one device, in order. */
export interface Attempts {
  job: ObservedJob;
  executions: ObservedExecution[];
}

export function attemptsByThing({ executions }: ObservedJob): Map<string, ObservedExecution[]> {
  const things = new Map<string, ObservedExecution[]>();
  for (const execution of [...executions].sort((a, b) => a.attempt - b.attempt)) {
    const earlier = things.get(execution.thing);
    if (earlier === undefined) things.set(execution.thing, [execution]);
    else earlier.push(execution);
  }
  return things;
}

/** Returns when each device last started an attempt: until then, it did not hang. */
export function lastStartsOf(jobs: readonly ObservedJob[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const { executions } of jobs) {
    for (const { thing, startedMs } of executions) {
      if (startedMs !== undefined) last.set(thing, Math.max(startedMs, last.get(thing) ?? 0));
    }
  }
  return last;
}

/** Returns how long the first attempts took that succeeded, by job. */
export function durationsOf(devices: readonly Attempts[]): Durations[] {
  const byJob = new Map<ObservedJob, number[]>();
  for (const { job, executions } of devices) {
    const [first] = executions;
    if (first?.status !== "SUCCEEDED" || first.startedMs === undefined) continue;
    const seconds = byJob.get(job) ?? [];
    byJob.set(job, seconds);
    seconds.push((first.lastUpdatedMs - first.startedMs) / 1000);
  }
  return [...byJob].map(([{ imageBytes }, seconds]) => ({ imageBytes, seconds }));
}
