import { followChanges } from "../search/dynamic-membership.js";
import { metAbortCriterion } from "./abort.js";
import { queueExecution } from "./execution-changes.js";
import type { Job } from "./job.js";
import { setJobStatus } from "./job-status.js";
import { cancelOpenJob, isOpen, scheduleWake } from "./jobs.js";
import { reportPackages } from "./report-packages.js";
import { nextRetries } from "./retries.js";
import { isPastEndTime } from "./schedule.js";
import { applyMembershipChanges } from "./targets.js";
import type { CommandContext } from "./world.js";

/**
 * Applies what follows from a command: first the versions that were installed, then the dynamic groups of the changed
 * things, and for jobs the changed memberships, aborts, retries and completions. Handles each change once.
 */
export function applyConsequences(context: CommandContext): void {
  const { world } = context;
  reportPackages(context);
  followChanges(context);
  applyMembershipChanges(context);
  for (const jobId of context.changedJobs) abortIfMet(context, world.jobs.get(jobId));
  for (const execution of context.ended.splice(0)) {
    const job = world.jobs.get(execution.jobId);
    const retries = job && isOpen(job) ? nextRetries(job, execution) : undefined;
    if (job !== undefined && retries !== undefined)
      queueExecution(context, job, execution.thingName, retries);
  }
  for (const jobId of context.changedJobs) completeIfDone(context, world.jobs.get(jobId));
  context.changedJobs.clear();
}

/** Cancels without force. AWS also sets a reason and a comment; their text is not documented. */
function abortIfMet(context: CommandContext, job: Job | undefined): void {
  const criterion = job && isOpen(job) ? metAbortCriterion(job) : undefined;
  if (job === undefined || criterion === undefined) return;
  const { failureType, thresholdPercentage, minNumberOfExecutedThings } = criterion;
  cancelOpenJob(context, job, {
    force: false,
    reasonCode: "ABORT_CRITERIA_MET",
    comment: `${thresholdPercentage} percent ${failureType} of at least ${minNumberOfExecutedThings} ended executions reached`,
  });
}

/**
 * A job is complete when it has no pending executions and can get no more: rolled out and, if CONTINUOUS, past its end
 * time.
 */
function completeIfDone(context: CommandContext, job: Job | undefined): void {
  if (job === undefined || !isOpen(job) || job.rollout !== undefined) return;
  if (job.targetSelection === "CONTINUOUS" && !isPastEndTime(job, context.nowMs)) return;
  if (job.counts.QUEUED + job.counts.IN_PROGRESS > 0) return;
  context.events.push({ eventType: "JOB", operation: "completed", job });
  setJobStatus(context, job, "COMPLETED");
  job.completedAtMs = context.nowMs;
  scheduleWake(context, job);
}
