import { iotArn } from "../account.js";
import { randomUuid } from "../registry/context.js";
import type { Notice } from "./notices.js";
import { processDetails, wholeSeconds } from "./payloads.js";
import type { CommandContext, JobEvent, JobExecutionEvent } from "./world.js";

/**
 * What is published on `$aws/events/...` of a command, as far as it is enabled. Times within a job's event are
 * milliseconds, unlike anywhere else. Source: AWS IoT Developer Guide, "Jobs events".
 */
export function eventsOf(turn: CommandContext): Notice[] {
  return turn.events
    .filter(({ eventType }) => turn.world.eventConfigurations.has(eventType))
    .map((event) => {
      const common = {
        eventType: event.eventType,
        eventId: randomUuid(turn),
        timestamp: wholeSeconds(turn.nowMs),
        operation: event.operation,
      };
      return event.eventType === "JOB"
        ? notice("job", event.job.jobId, { ...common, ...jobMembers(event) })
        : notice("jobExecution", event.execution.jobId, { ...common, ...executionMembers(turn, event) });
    });
}

function notice(kind: "job" | "jobExecution", jobId: string, members: { operation: string }): Notice {
  return { topic: `$aws/events/${kind}/${jobId}/${members.operation}`, payload: JSON.stringify(members) };
}

function jobMembers({ operation, job }: JobEvent) {
  return {
    jobId: job.jobId,
    status: EVENT_STATUSES[operation],
    targetSelection: job.targetSelection,
    targets: job.targets,
    description: job.description,
    comment: job.comment,
    createdAt: job.createdAtMs,
    lastUpdatedAt: job.lastUpdatedAtMs,
    completedAt: job.completedAtMs,
    ...(operation === "completed" && { jobProcessDetails: processDetails(job.counts) }),
  };
}

/** Two of them are the status of no job. */
const EVENT_STATUSES: Readonly<Record<JobEvent["operation"], string>> = {
  completed: "COMPLETED",
  canceled: "CANCELED",
  deleted: "DELETED",
  cancellation_in_progress: "CANCELLATION_IN_PROGRESS",
  deletion_in_progress: "DELETION_IN_PROGRESS",
};

function executionMembers({ world }: CommandContext, { execution }: JobExecutionEvent) {
  const { jobId, thingName, status, statusDetails } = execution;
  return { jobId, thingArn: iotArn(world.region, `thing/${thingName}`), status, statusDetails };
}
