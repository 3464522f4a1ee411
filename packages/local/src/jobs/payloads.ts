import type { JobExecution, JobExecutionState, JobExecutionSummary } from "@fota/shared";
import { PENDING_EXECUTIONS_SHOWN_MAX } from "@fota/shared";
import { firstOf } from "../listing/list-index.js";
import type { Execution, Job } from "./job.js";
import { hasWindows, visibleExecutions, visibleWindowedExecutions } from "./pending-queue.js";
import { deadlineOf } from "./timers.js";
import type { World } from "./world.js";

/** Converts milliseconds to the whole seconds that the data plane and MQTT use. */
export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function executionSummary(execution: Readonly<Execution>): JobExecutionSummary {
  return {
    jobId: execution.jobId,
    queuedAt: wholeSeconds(execution.queuedAtMs),
    ...(execution.startedAtMs !== undefined && { startedAt: wholeSeconds(execution.startedAtMs) }),
    lastUpdatedAt: wholeSeconds(execution.lastUpdatedAtMs),
    executionNumber: execution.executionNumber,
    versionNumber: execution.versionNumber,
  };
}

/** Returns an execution in the form that devices get; without `jobDocument` if that is `undefined`. */
export function executionPayload(
  execution: Readonly<Execution>,
  nowMs: number,
  jobDocument: unknown,
): JobExecution {
  const secondsLeft = secondsBeforeTimeout(execution, nowMs);
  return Object.assign(executionSummary(execution), {
    status: execution.status,
    ...(Object.keys(execution.statusDetails).length > 0 && { statusDetails: execution.statusDetails }),
    ...(secondsLeft !== undefined && { approximateSecondsBeforeTimedOut: secondsLeft }),
    ...(jobDocument !== undefined && { jobDocument }),
  });
}

/** Returns the seconds until an execution in progress times out; `undefined` for others, and without a timer. */
export function secondsBeforeTimeout(execution: Readonly<Execution>, nowMs: number): number | undefined {
  const deadline = execution.status === "IN_PROGRESS" ? deadlineOf(execution) : undefined;
  return deadline === undefined ? undefined : Math.max(0, Math.ceil((deadline - nowMs) / 1000));
}

export function executionState(execution: Readonly<Execution>): JobExecutionState {
  return {
    status: execution.status,
    versionNumber: execution.versionNumber,
    ...(Object.keys(execution.statusDetails).length > 0 && { statusDetails: execution.statusDetails }),
  };
}

/** Returns the number of executions in each status, under AWS's names; AWS calls them things. */
export function processDetails({ counts, rollout }: Readonly<Job>) {
  return {
    processingTargets: rollout?.targets,
    numberOfQueuedThings: counts.QUEUED,
    numberOfInProgressThings: counts.IN_PROGRESS,
    numberOfSucceededThings: counts.SUCCEEDED,
    numberOfFailedThings: counts.FAILED,
    numberOfRejectedThings: counts.REJECTED,
    numberOfCanceledThings: counts.CANCELED,
    numberOfRemovedThings: counts.REMOVED,
    numberOfTimedOutThings: counts.TIMED_OUT,
  };
}

/** Shown in addition, for jobs with maintenance windows. AWS IoT Developer Guide, "Jobs notifications": 15 in all. */
const WINDOWED_EXECUTIONS_SHOWN_MAX = 5;

/** Returns the first pending executions of a thing in the form of GetPendingJobExecutions. */
export function pendingSummaries(world: World, thingName: string) {
  const plain = firstOf(
    withoutWindows(world, visibleExecutions(world, thingName)),
    PENDING_EXECUTIONS_SHOWN_MAX,
  );
  const windowed = firstOf(visibleWindowedExecutions(world, thingName), WINDOWED_EXECUTIONS_SHOWN_MAX);
  const shown = [...plain, ...windowed].sort((a, b) => a.sequence - b.sequence);
  return {
    inProgressJobs: shown.filter(({ status }) => status === "IN_PROGRESS").map(executionSummary),
    queuedJobs: shown.filter(({ status }) => status === "QUEUED").map(executionSummary),
  };
}

function* withoutWindows(world: World, executions: Iterable<Execution>): Iterable<Execution> {
  for (const execution of executions) if (!hasWindows(world, execution.jobId)) yield execution;
}
