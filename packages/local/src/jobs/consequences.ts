import { metAbortCriterion } from "./abort.js";
import { queueExecution } from "./executions.js";
import type { Job } from "./job.js";
import { endByCancel, isOpen, setAlarm } from "./jobs.js";
import { setJobStatus } from "./pending-queue.js";
import { retriesAfter } from "./retries.js";
import { hasEnded } from "./schedule.js";
import { applyMembershipChanges } from "./targets.js";
import type { CommandContext } from "./world.js";

/**
 * Works out what follows from a command for its jobs: first who has become a target or is none any more, then aborts,
 * retries and completions. Handles each change once.
 */
export function applyConsequences(turn: CommandContext): void {
  const { world } = turn;
  applyMembershipChanges(turn);
  for (const jobId of turn.changedJobs) abortIfMet(turn, world.jobs.get(jobId));
  for (const execution of turn.ended.splice(0)) {
    const job = world.jobs.get(execution.jobId);
    const retries = job && isOpen(job) ? retriesAfter(job, execution) : undefined;
    if (job !== undefined && retries !== undefined) queueExecution(turn, job, execution.thingName, retries);
  }
  for (const jobId of turn.changedJobs) completeIfDone(turn, world.jobs.get(jobId));
  turn.changedJobs.clear();
}

/** The cancellation is one without force. AWS fills reason and comment too; its words are not documented. */
function abortIfMet(turn: CommandContext, job: Job | undefined): void {
  const criterion = job && isOpen(job) ? metAbortCriterion(job) : undefined;
  if (job === undefined || criterion === undefined) return;
  const { failureType, thresholdPercentage, minNumberOfExecutedThings } = criterion;
  endByCancel(turn, job, {
    force: false,
    reasonCode: "ABORT_CRITERIA_MET",
    comment: `${thresholdPercentage} percent ${failureType} of at least ${minNumberOfExecutedThings} ended executions reached`,
  });
}

/** A job is complete when nothing of it is pending and nothing will come: all rolled out and, if CONTINUOUS, its end come. */
function completeIfDone(turn: CommandContext, job: Job | undefined): void {
  if (job === undefined || !isOpen(job) || job.rollout !== undefined) return;
  if (job.targetSelection === "CONTINUOUS" && !hasEnded(job, turn.nowMs)) return;
  if (job.counts.QUEUED + job.counts.IN_PROGRESS > 0) return;
  turn.events.push({ eventType: "JOB", operation: "completed", job });
  setJobStatus(turn, job, "COMPLETED");
  job.completedAtMs = turn.nowMs;
  setAlarm(turn, job);
}
