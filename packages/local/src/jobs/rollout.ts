import type { Job, Rollout, Turn, World } from "../world.js";
import { completeIfDone, queueExecution, timeOutExecutions } from "./executions.js";
import { finishDeletions } from "./jobs.js";
import { covers, thingsOfTarget } from "./targets.js";

/** Executions that one tick creates for a job: what keeps a tick short, so that answers get their turn in between. */
const BATCH_SIZE = 500;

/** When the world wants its next `tick`; in the past when it is overdue, `undefined` when nothing waits for time. */
export function nextDueMs(world: World): number | undefined {
  const due: number[] = [];
  for (const jobId of world.rollouts) due.push(world.jobs.get(jobId)?.rollout?.dueMs ?? 0);
  if (world.deletions.size > 0) due.push(0);
  if (world.timers[0] !== undefined) due.push(world.timers[0].dueMs);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** Does everything that is due at the moment: rollouts, timers, deletions. */
export function tick(turn: Turn): void {
  finishDeletions(turn);
  timeOutExecutions(turn);
  for (const jobId of turn.world.rollouts) {
    const job = turn.world.jobs.get(jobId);
    if (job?.rollout !== undefined && job.rollout.dueMs <= turn.nowMs) rollOut(turn, job, job.rollout);
  }
}

/**
 * Creates the next executions of a job. AWS creates at most 1000 a minute where nothing is said; the stand-in does not
 * make its users wait for that.
 */
function rollOut(turn: Turn, job: Job, rollout: Rollout): void {
  let room = BATCH_SIZE;
  while (room > 0 && rollout.targets[0] !== undefined) {
    rollout.things ??= thingsOfTarget(turn.world, rollout.targets[0]).reverse();
    const thingName = rollout.things.pop();
    if (thingName === undefined) {
      rollout.targets.shift();
      delete rollout.things;
      continue;
    }
    if (job.executions.has(thingName) || !covers(turn.world, job, thingName)) continue;
    queueExecution(turn, job, thingName, 0);
    room -= 1;
  }
  if (rollout.targets.length > 0) return;
  delete job.rollout;
  turn.world.rollouts.delete(job.jobId);
  completeIfDone(turn, job);
}
