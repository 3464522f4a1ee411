import { decodeStatusDetails, FotaError, imagesOf } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { describeExecution, type Execution, listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import type { JobDescription } from "../aws/jobs.js";
import { given } from "../given.js";
import { readJobWithDocument } from "../job/read-job.js";
import type { Progress } from "../terminal/output.js";
import { wallClockMs } from "../wall-clock.js";
import type { ObservedExecution, ObservedJob } from "./observed.js";

/** Each report is a request. The failures beyond these have the same reasons, in the same proportions. */
const REPORTS_READ_MAX = 500;
const LISTED_STEP = 2_500;

/**
 * Reads a job and all of its executions.
 * @throws {FotaError} JOB_NOT_FOUND, or USAGE if the job is not a firmware update
 */
export async function readObservedJob(iot: Iot, jobId: string, progress: Progress): Promise<ObservedJob> {
  const { job, decoded } = await readJobWithDocument(iot, jobId);
  if (decoded.kind !== "order") {
    throw new FotaError(
      "USAGE",
      `job ${jobId} is not a firmware update, so there is nothing to learn from it`,
      {
        hint: { text: "run <command> to see the jobs", command: ["list"] },
      },
    );
  }
  const { document } = decoded;
  const executions: Execution[] = [];
  for await (const execution of listExecutions(iot, jobId)) {
    executions.push(execution);
    if (executions.length % LISTED_STEP === 0)
      progress(`reading job ${jobId}: ${executions.length} executions`);
  }
  progress(`reading job ${jobId}: what its devices reported`);
  const reportOf = await readReports(iot, jobId, executions);
  const observed = executions.flatMap((execution) => observedExecution(execution, reportOf(execution)));
  return {
    jobId,
    createdMs: job.createdAt?.getTime() ?? 0,
    seenUntilMs: seenUntilMs(job, observed),
    imageBytes: Math.max(...imagesOf(document).map(({ bc_size }) => bc_size)),
    ...given({ version: document.bc_version, model: document.bc_model }),
    hasWindows: (job.schedulingConfig?.maintenanceWindows ?? []).length > 0,
    executions: observed,
  };
}

async function readReports(iot: Iot, jobId: string, executions: readonly Execution[]) {
  const failed = executions.filter(({ status }) => status === "FAILED");
  const step = Math.max(1, Math.ceil(failed.length / REPORTS_READ_MAX));
  const asked = failed.filter((_, index) => index % step === 0);
  const read = await mapAtOnce(asked, REQUESTS_AT_ONCE, async (execution) => {
    const found = await describeExecution(iot, jobId, execution.thing, execution.executionNumber);
    return decodeStatusDetails(found?.details);
  });
  const positions = new Map(failed.map((execution, index) => [execution, index]));
  return (execution: Execution): ObservedExecution["report"] => {
    const index = positions.get(execution);
    return index === undefined ? undefined : read[Math.floor(index / step)];
  };
}

function observedExecution(
  { thing, executionNumber, status, queuedAt, startedAt, lastUpdatedAt }: Execution,
  report: ObservedExecution["report"],
): ObservedExecution[] {
  if (queuedAt === undefined) return [];
  return [
    {
      thing,
      attempt: executionNumber,
      status,
      queuedMs: queuedAt.getTime(),
      lastUpdatedMs: (lastUpdatedAt ?? queuedAt).getTime(),
      ...given({ startedMs: startedAt?.getTime(), report }),
    },
  ];
}

/** A job with pending executions is seen until now, by the clock of AWS IoT as far as it is known. */
function seenUntilMs(
  { completedAt, counts }: JobDescription,
  executions: readonly ObservedExecution[],
): number {
  const last = executions.reduce((latest, { lastUpdatedMs }) => Math.max(latest, lastUpdatedMs), 0);
  if (counts.queued + counts.inProgress > 0) return Math.max(last, wallClockMs());
  return Math.max(last, completedAt?.getTime() ?? 0);
}
