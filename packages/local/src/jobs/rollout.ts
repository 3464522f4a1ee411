import { continueGroupDeletions } from "../registry/group-deletion.js";
import { continueRefreshes } from "../search/dynamic-membership.js";
import { readFrom } from "../state/watched-map.js";
import { applyConsequences } from "./consequences.js";
import { queueExecution } from "./execution-changes.js";
import { expireExecutions } from "./expiry.js";
import type { Job, Pace, Rollout } from "./job.js";
import { cancelOpenJob, continueCancellation, continueDeletions, scheduleWake } from "./jobs.js";
import { setJobStatus } from "./pending-queue.js";
import { ratePerMinute } from "./rollout-rate.js";
import { type ScheduleState, scheduleAt } from "./schedule.js";
import { isCovered, isThing, thingsOfTarget } from "./targets.js";
import { dueJobs, firstWakeMs } from "./wakes.js";
import type { CommandContext, World } from "./world.js";

/** Most executions that one tick creates for a job. Ticks stay short, so that requests are answered between them. */
const BATCH_SIZE = 500;
const MINUTE_MS = 60_000;

/** Returns when the next `tick` is due, in the past if it is overdue; `undefined` if nothing depends on time. */
export function nextDueMs(world: World): number | undefined {
  const { deletions, groupDeletions, groupRefreshes } = world;
  if (hasAny(deletions) || hasAny(groupDeletions) || hasAny(groupRefreshes)) return 0;
  const timerMs = world.timers[0]?.dueMs;
  const wakeMs = firstWakeMs(world);
  return timerMs !== undefined && wakeMs !== undefined ? Math.min(timerMs, wakeMs) : (timerMs ?? wakeMs);
}

function hasAny(work: { size: number } | undefined): boolean {
  return work !== undefined && work.size > 0;
}

/** Does everything that is due: deletions, members of dynamic groups, timers, schedules, cancellations, rollouts. */
export function tick(context: CommandContext): void {
  continueDeletions(context);
  continueGroupDeletions(context);
  continueRefreshes(context);
  expireExecutions(context);
  applyConsequences(context); // may abort a job, which then rolls out no further
  let leftToCancel = context.sliceSize;
  for (const jobId of dueJobs(context.world, context.nowMs)) {
    const job = context.world.jobs.get(jobId);
    if (job === undefined) continue;
    if (job.sweep !== undefined) {
      if (leftToCancel > 0) leftToCancel -= continueCancellation(context, job, job.sweep, leftToCancel);
      continue;
    }
    followSchedule(context, job, scheduleAt(job.schedulingConfig, context.nowMs));
    if (job.status === "IN_PROGRESS" && job.rollout !== undefined) rollOut(context, job, job.rollout);
    scheduleWake(context, job);
  }
}

/** Creates the first executions of a new job, if all its targets are things. Those of groups are left to ticks. */
export function rollOutToThings(context: CommandContext, job: Job): void {
  const { status, rollout, targets, config, executions, pace } = job;
  if (status !== "IN_PROGRESS" || rollout === undefined || !targets.every(isThing)) return;
  if (config.jobExecutionsRolloutConfig !== undefined) {
    rollOut(context, job, rollout);
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

/** Ends, opens or closes a job by its schedule. CANCEL and FORCE_CANCEL act as CancelJob; AWS does not document it. */
function followSchedule(context: CommandContext, job: Job, { open, ended }: ScheduleState): void {
  const { endBehavior = "STOP_ROLLOUT" } = job.schedulingConfig ?? {};
  if (ended && endBehavior !== "STOP_ROLLOUT") {
    cancelOpenJob(context, job, { force: endBehavior === "FORCE_CANCEL" });
    return;
  }
  if (ended) job.rollout = undefined;
  if (ended) context.changedJobs.add(job.jobId);
  const status = open ? "IN_PROGRESS" : "SCHEDULED";
  if (job.status !== status) setJobStatus(context, job, status);
}

/**
 * Creates the next executions of a job, as many as its rate still allows in this minute. Without a rate, AWS creates at
 * most 1000 per minute; the stand-in has no such limit, so that its users need not wait.
 */
function rollOut(context: CommandContext, job: Job, rollout: Rollout): void {
  const { nowMs } = context;
  if (rollout.dueMs > nowMs) return;
  const minute = currentMinute(job, nowMs);
  let room = Math.min(BATCH_SIZE, minute?.room ?? BATCH_SIZE);
  for (let thing = nextThing(context.world, job, rollout); thing !== undefined; ) {
    if (room === 0) {
      rollout.dueMs = minute?.room === 0 ? minute.startedMs + MINUTE_MS : nowMs;
      return;
    }
    queueExecution(context, job, thing);
    rollout.things?.pop();
    job.pace.notified += 1;
    if (minute !== undefined) minute.room -= 1;
    room -= 1;
    thing = nextThing(context.world, job, rollout);
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

/** Returns the first thing that still needs an execution, without removing it from the rollout. */
function nextThing(world: World, job: Job, rollout: Rollout): string | undefined {
  for (let target = rollout.targets[0]; target !== undefined; target = rollout.targets[0]) {
    rollout.things ??= thingsOfTarget(world, target).reverse();
    for (let thing = rollout.things.at(-1); thing !== undefined; thing = rollout.things.at(-1)) {
      if (needsExecution(world, job, thing)) return thing;
      rollout.things.pop();
    }
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
