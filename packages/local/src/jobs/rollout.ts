import { doAllSteps, type Steps } from "../registry/steps.js";
import { readFrom } from "../state/watched-map.js";
import { queueExecution } from "./execution-changes.js";
import type { Job, Pace, Rollout } from "./job.js";
import { ratePerMinute } from "./rollout-rate.js";
import { isCovered, isThing, thingsOfTarget } from "./targets.js";
import type { CommandContext, World } from "./world.js";

/** Most executions that one tick creates for a job. Ticks stay short, so that requests are answered between them. */
const BATCH_SIZE = 500;
const MINUTE_MS = 60_000;

/** Creates the first executions of a new job, if all its targets are things. Those of groups are left to ticks. */
export function rollOutToThings(context: CommandContext, job: Job): void {
  const { status, rollout, targets, config, executions, pace } = job;
  if (status !== "IN_PROGRESS" || rollout === undefined || !targets.every(isThing)) return;
  if (config.jobExecutionsRolloutConfig !== undefined) {
    doAllSteps(context, rollOut(context, job, rollout));
    return;
  }
  for (const target of targets) {
    for (const thing of thingsOfTarget(context.world, target)) {
      if (executions.has(thing)) continue; // two ARNs can name one thing
      queueExecution(context, job, thing);
      pace.notified += 1;
    }
  }
  job.rollout = undefined;
}

/**
 * Creates the next executions of a job, as many as its rate still allows in this minute. Without a rate, AWS creates at
 * most 1000 per minute; the stand-in has no such limit, so that its users need not wait.
 */
export function* rollOut(context: CommandContext, job: Job, rollout: Rollout): Steps {
  const { world, nowMs } = context;
  if (rollout.dueMs > nowMs) return;
  const minute = currentMinute(job, nowMs);
  let room = Math.min(BATCH_SIZE, minute?.room ?? BATCH_SIZE);
  for (let thing = nextThing(world, rollout); thing !== undefined; thing = nextThing(world, rollout)) {
    const needsOne = needsExecution(world, job, thing);
    if (needsOne && room === 0) {
      rollout.dueMs = minute?.room === 0 ? minute.startedMs + MINUTE_MS : nowMs;
      return;
    }
    rollout.things?.pop();
    if (needsOne) {
      queueExecution(context, job, thing);
      job.pace.notified += 1;
      if (minute !== undefined) minute.room -= 1;
      room -= 1;
    }
    if (nextThing(world, rollout) !== undefined) yield;
  }
  // Targets that are added later start a new minute, instead of using up the rest of this one first.
  if (minute !== undefined) minute.room = 0;
  job.rollout = undefined;
  context.changedJobs.add(job.jobId);
}

/**
 * Returns the current minute of the rate limit. Minutes follow one another; the first begins with the first execution.
 */
function currentMinute({ pace, config, counts }: Job, nowMs: number): Pace["minute"] {
  if (pace.minute !== undefined && nowMs < pace.minute.startedMs + MINUTE_MS) return pace.minute;
  const progress = { notified: pace.notified, succeeded: counts.SUCCEEDED };
  const room = ratePerMinute(config.jobExecutionsRolloutConfig, progress);
  if (room !== undefined) pace.minute = { startedMs: nowMs, room };
  else if (pace.minute !== undefined) delete pace.minute; // to delete what is not there takes long, too
  return pace.minute;
}

/** Returns the next thing of the targets, without removing it from the rollout. */
function nextThing(world: World, rollout: Rollout): string | undefined {
  for (let target = rollout.targets[0]; target !== undefined; target = rollout.targets[0]) {
    rollout.things ??= thingsOfTarget(world, target).reverse();
    const thing = rollout.things.at(-1);
    if (thing !== undefined) return thing;
    rollout.targets.shift();
    rollout.things = undefined;
  }
  return undefined;
}

/** A thing whose execution was REMOVED gets a new one when another target covers it. */
function needsExecution(world: World, job: Job, thingName: string): boolean {
  const last = readFrom(job.executions, thingName)?.at(-1);
  return (last === undefined || last.status === "REMOVED") && isCovered(world, job, thingName);
}
