import { LIST_PAGE_MAX } from "@fota/shared";
import { type Execution, listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { COUNT_KEYS, describeJob } from "../aws/jobs.js";
import { wallClockMs } from "../wall-clock.js";
import { isFailure } from "./causes.js";
import { paceOf } from "./pace.js";
import { openReports, type Reports } from "./reports.js";
import type { JobSummary, ThingSummary } from "./result.js";
import { byThing, causesOf, FEW_THINGS, summaryOf } from "./summary.js";

/** Limits the executions whose details are read: each takes a request. */
const DETAILED_MAX = 250;
const CHUNK = LIST_PAGE_MAX;
const UNSUCCESSFUL = ["FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED"] as const;

/** Streams the things of a job: at most two pages of them are in memory. */
export interface ThingList {
  /** Has the causes of the first failures, if failures are listed. */
  summary: JobSummary;
  chunks: AsyncIterable<ThingSummary[]>;
  /** Counts the streamed things whose reports were not read because there are too many. */
  detailsLeftOut(): number;
}

/**
 * Begins to list the things of a job: all, or those that did not succeed. Reads the reports of those in progress or
 * failed, up to 250. Sorts by name if one page has all things; otherwise the order is AWS's.
 * @throws {FotaError} JOB_NOT_FOUND
 */
export async function openThings(
  iot: Iot,
  jobId: string,
  which: "all" | "failed",
  onCount: (count: number) => void,
): Promise<ThingList> {
  const job = await describeJob(iot, jobId);
  const nowMs = wallClockMs();
  const summary = { ...summaryOf(job, nowMs), ...paceOf(job, [], nowMs) };
  const detailing = detailReader(openReports(iot, jobId), summary.total);
  const chunks = inChunks(list(iot, summary, which), onCount);
  const first = await chunks.next();
  const executions = first.done === true ? [] : first.value;
  if (executions.length < CHUNK) executions.sort(byThing);
  const things = await detailing.of(executions);
  async function* all() {
    yield things;
    for await (const chunk of chunks) yield await detailing.of(chunk);
  }
  return {
    summary: which === "failed" ? { ...summary, ...causesOf(things) } : summary,
    chunks: all(),
    detailsLeftOut: detailing.leftOut,
  };
}

/** Lists the executions. Reads every status if the service sends no counts, as some implementations of the API do. */
async function* list(
  iot: Iot,
  { jobId, counts, total }: JobSummary,
  which: "all" | "failed",
): AsyncGenerator<Execution> {
  if (which === "all") return yield* listExecutions(iot, jobId);
  for (const status of UNSUCCESSFUL) {
    if (total === 0 || counts[COUNT_KEYS[status]] > 0) yield* listExecutions(iot, jobId, status);
  }
}

async function* inChunks(
  executions: AsyncIterable<Execution>,
  onCount: (count: number) => void,
): AsyncGenerator<Execution[]> {
  let chunk: Execution[] = [];
  let count = 0;
  for await (const execution of executions) {
    chunk.push(execution);
    count += 1;
    if (chunk.length < CHUNK) continue;
    onCount(count);
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Reads reports until the limit is reached. */
function detailReader(reports: Reports, total: number) {
  let left = DETAILED_MAX;
  let leftOut = 0;
  const hasReport = ({ status }: Execution) =>
    status === "IN_PROGRESS" || isFailure(status) || (status === "SUCCEEDED" && total <= FEW_THINGS);
  return {
    async of(executions: readonly Execution[]): Promise<ThingSummary[]> {
      const reporting = executions.filter(hasReport);
      const detailed = reporting.slice(0, left);
      left -= detailed.length;
      leftOut += reporting.length - detailed.length;
      return await reports.of(executions, detailed);
    },
    leftOut: () => leftOut,
  };
}
