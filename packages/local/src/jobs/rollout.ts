import { applyConsequences } from "./consequences.js";
import { queueExecution, timeOutExecutions } from "./executions.js";
import type { Job, Pace, Rollout } from "./job.js";
import { endByCancel, finishDeletions, setAlarm } from "./jobs.js";
import { setJobStatus } from "./pending-queue.js";
import { ratePerMinute } from "./rollout-rate.js";
import { type ScheduleState, scheduleAt } from "./schedule.js";
import { covers, thingsOfTarget } from "./targets.js";
import type { CommandContext, World } from "./world.js";

/** Executions that one tick creates for a job: what keeps a tick short, so that answers get their turn in between. */
const BATCH_SIZE = 500;
const MINUTE_MS = 60_000;

/** When the world wants its next `tick`; in the past when it is overdue, `undefined` when nothing waits for time. */
export function nextDueMs(world: World): number | undefined {
  const due: number[] = [];
  for (const jobId of world.waking) due.push(world.jobs.get(jobId)?.wakeAtMs ?? 0);
  if (world.deletions.size > 0) due.push(0);
  if (world.timers[0] !== undefined) due.push(world.timers[0].dueMs);
  return due.length === 0 ? undefined : due.reduce((a, b) => Math.min(a, b));
}

/** Does everything that is due at the moment: timers, schedules, rollouts, deletions. */
export function tick(turn: CommandContext): void {
  finishDeletions(turn);
  timeOutExecutions(turn);
  applyConsequences(turn); // a job that this aborts creates nothing more
  for (const jobId of turn.world.waking) {
    const job = turn.world.jobs.get(jobId);
    if (job === undefined || (job.wakeAtMs ?? 0) > turn.nowMs) continue;
    followSchedule(turn, job, scheduleAt(job.schedulingConfig, turn.nowMs));
    if (job.status === "IN_PROGRESS" && job.rollout !== undefined) rollOut(turn, job, job.rollout);
    setAlarm(turn, job);
  }
}

/** What the developer guide leaves open: at the end, CANCEL and FORCE_CANCEL do what CancelJob does. */
function followSchedule(turn: CommandContext, job: Job, { open, ended }: ScheduleState): void {
  const { endBehavior = "STOP_ROLLOUT" } = job.schedulingConfig ?? {};
  if (ended && endBehavior !== "STOP_ROLLOUT") {
    endByCancel(turn, job, { force: endBehavior === "FORCE_CANCEL" });
    return;
  }
  if (ended) delete job.rollout;
  if (ended) turn.changedJobs.add(job.jobId);
  const status = open ? "IN_PROGRESS" : "SCHEDULED";
  if (job.status !== status) setJobStatus(turn, job, status);
}

/**
 * Creates the next executions of a job, as many as its rate leaves in this minute. AWS creates at most 1000 a minute
 * where nothing is said; the stand-in does not make its users wait for that.
 */
function rollOut(turn: CommandContext, job: Job, rollout: Rollout): void {
  const { nowMs } = turn;
  if (rollout.dueMs > nowMs) return;
  const minute = minuteOf(job, nowMs);
  let room = Math.min(BATCH_SIZE, minute?.room ?? BATCH_SIZE);
  for (let thing = nextThing(turn.world, job, rollout); thing !== undefined; ) {
    if (room === 0) {
      rollout.dueMs = minute?.room === 0 ? minute.startedMs + MINUTE_MS : nowMs;
      return;
    }
    queueExecution(turn, job, thing);
    job.pace.notified += 1;
    if (minute !== undefined) minute.room -= 1;
    room -= 1;
    thing = nextThing(turn.world, job, rollout);
  }
  // More targets start with a minute of their own, not with what this one has left and the next one right after it.
  if (minute !== undefined) minute.room = 0;
  delete job.rollout;
  turn.changedJobs.add(job.jobId);
}

/** Rates count in whole minutes, one after the other, the first from the first execution on. */
function minuteOf({ pace, config, counts }: Job, nowMs: number): Pace["minute"] {
  if (pace.minute !== undefined && nowMs < pace.minute.startedMs + MINUTE_MS) return pace.minute;
  const progress = { notified: pace.notified, succeeded: counts.SUCCEEDED };
  const room = ratePerMinute(config.jobExecutionsRolloutConfig, progress);
  if (room === undefined) delete pace.minute;
  else pace.minute = { startedMs: nowMs, room };
  return pace.minute;
}

/** The first thing that is still to get an execution; it stays where it is. */
function nextThing(world: World, job: Job, rollout: Rollout): string | undefined {
  for (let target = rollout.targets[0]; target !== undefined; target = rollout.targets[0]) {
    rollout.things ??= thingsOfTarget(world, target).reverse();
    for (let thing = rollout.things.at(-1); thing !== undefined; thing = rollout.things.at(-1)) {
      if (wantsExecution(world, job, thing)) return thing;
      rollout.things.pop();
    }
    rollout.targets.shift();
    delete rollout.things;
  }
  return undefined;
}

/** A thing that had left and is reached by another target gets a new one. */
function wantsExecution(world: World, job: Job, thingName: string): boolean {
  const last = job.executions.get(thingName)?.at(-1);
  return (last === undefined || last.status === "REMOVED") && covers(world, job, thingName);
}
