import { iotArn } from "../account.js";
import { randomUuid } from "../registry/context.js";
import type { Notice } from "./notices.js";
import { processDetails, wholeSeconds } from "./payloads.js";
import type { CommandContext, JobEvent, JobExecutionEvent } from "./world.js";

/**
 * Returns the messages that a command publishes on `$aws/events/...`, for the enabled event types. Times inside a job
 * event are milliseconds, unlike anywhere else. Source: AWS IoT Developer Guide, "Jobs events".
 */
export function collectEvents(context: CommandContext): Notice[] {
  return context.events
    .filter(({ eventType }) => context.world.eventConfigurations.has(eventType))
    .map((event) => {
      const common = {
        eventType: event.eventType,
        eventId: randomUuid(context),
        timestamp: wholeSeconds(context.nowMs),
        operation: event.operation,
      };
      return event.eventType === "JOB"
        ? makeNotice("job", event.job.jobId, { ...common, ...jobMembers(event) })
        : makeNotice("jobExecution", event.execution.jobId, {
            ...common,
            ...executionMembers(context, event),
          });
    });
}

function makeNotice(kind: "job" | "jobExecution", jobId: string, members: { operation: string }): Notice {
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
    ...(operation === "completed" && { jobProcessDetails: processDetails(job) }),
  };
}

/** A job never has the statuses DELETED and CANCELLATION_IN_PROGRESS; they exist in events only. */
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
