import { FotaError, imagesOf, isTerminal, type JobDocument, type JobExecutionStatus } from "@fota/shared";
import { mapAtOnce } from "../at-once.js";
import { type ExecutionOfThing, listExecutions, listExecutionsOfThing } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { getJobDocument } from "../aws/jobs.js";
import { decodeDocument } from "../job-order/read.js";

/** How an execution ends without success, in the words of `--only`. */
const ENDS = {
  failed: "FAILED",
  "timed-out": "TIMED_OUT",
  rejected: "REJECTED",
  removed: "REMOVED",
  canceled: "CANCELED",
} as const;
export type EndWord = keyof typeof ENDS;

/**
 * What is retried unless `--only` says more: what may go well next time. A device that rejected says no again, one that
 * was removed is gone, and what somebody or an abort rule canceled is not begun again by the way.
 */
const RETRIED: readonly EndWord[] = ["failed", "timed-out"];

/** A thing to retry, and the jobs that wait on it. */
export interface Candidate {
  thing: string;
  pendingJobIds: string[];
}

/** The things of a job that may be retried, and why others are not. */
export interface Candidates {
  /** By name. All whose last execution ended so: what makes the job id. */
  ended: string[];
  /** Those of them that do not have the image already, nor have it coming. */
  retried: Candidate[];
  leftOut: { thing: string; because: string }[];
}

/** AWS allows ten requests of the Jobs API a second. */
const REQUESTS_AT_ONCE = 4;

/** `failed,timed-out`, or `all`. @throws {FotaError} USAGE */
export function parseEnds(text: string | undefined): EndWord[] {
  if (text === undefined) return [...RETRIED];
  const known = Object.keys(ENDS) as EndWord[];
  if (text.trim() === "all") return known;
  return text.split(",").map((part) => {
    const word = known.find((end) => end === part.trim());
    if (word !== undefined) return word;
    throw new FotaError("USAGE", `--only does not know ${JSON.stringify(part.trim())}`, {
      hint: `write some of ${known.join(",")}, or all`,
    });
  });
}

/**
 * Finds the things that a retry is for: one list for each way to end, then one request for each thing, for its whole
 * queue.
 */
export async function findCandidates(
  iot: Iot,
  { jobId, document }: { jobId: string; document: JobDocument },
  ends: readonly EndWord[],
  options: { retryJobId(things: readonly string[]): string; progress(text: string): void },
): Promise<Candidates> {
  const wanted = new Set<JobExecutionStatus>(ends.map((end) => ENDS[end]));
  const named = new Set<string>();
  for (const status of wanted) {
    for await (const { thing } of listExecutions(iot, jobId, status)) named.add(thing);
  }
  const things = [...named].sort();
  let looked = 0;
  const queues = await mapAtOnce(things, REQUESTS_AT_ONCE, async (thing) => {
    options.progress(`looking at what things have: ${looked++} of ${things.length}`);
    const queue: ExecutionOfThing[] = [];
    for await (const execution of listExecutionsOfThing(iot, thing)) queue.push(execution);
    return { thing, queue };
  });
  const still = queues.filter(({ queue }) => {
    const tries = queue.filter((execution) => execution.jobId === jobId);
    const last = lastOf(tries);
    const succeeded = tries.some(({ status }) => status === "SUCCEEDED");
    return last !== undefined && !succeeded && wanted.has(last.status);
  });
  const ended = still.map(({ thing }) => thing);
  const own = options.retryJobId(ended);
  const hasImage = imageFinder(iot, document);
  const retried: Candidate[] = [];
  const leftOut: Candidates["leftOut"] = [];
  for (const { thing, queue } of still) {
    const others = queue.filter((execution) => execution.jobId !== jobId && execution.jobId !== own);
    const holder = await firstThat(others, async (execution) => {
      const counts = !isTerminal(execution.status) || execution.status === "SUCCEEDED";
      return counts && isLater(execution, lastOf(queue.filter((other) => other.jobId === jobId)))
        ? await hasImage(execution.jobId)
        : false;
    });
    const pending = others.filter(({ status }) => !isTerminal(status));
    if (holder === undefined) retried.push({ thing, pendingJobIds: pending.map((job) => job.jobId) });
    else
      leftOut.push({ thing, because: `${holder.status} in job ${holder.jobId}, which has the same image` });
  }
  return { ended, retried, leftOut };
}

/** A success that came before the failure may have been undone since; what is pending counts whenever it came. */
function isLater(execution: ExecutionOfThing, failed: ExecutionOfThing | undefined): boolean {
  if (!isTerminal(execution.status)) return true;
  const time = ({ lastUpdatedAt }: ExecutionOfThing) => lastUpdatedAt?.getTime() ?? 0;
  return failed === undefined || time(execution) > time(failed);
}

function lastOf(tries: readonly ExecutionOfThing[]): ExecutionOfThing | undefined {
  return tries.reduce<ExecutionOfThing | undefined>(
    (last, next) => (last === undefined || next.executionNumber > last.executionNumber ? next : last),
    undefined,
  );
}

/** Whether another job orders any of the images; each document is read once. */
function imageFinder(iot: Iot, document: JobDocument): (jobId: string) => Promise<boolean> {
  const wanted = new Set(imagesOf(document).map(({ bc_crc, bc_size }) => `${bc_crc} ${bc_size}`));
  const known = new Map<string, boolean>();
  return async (jobId) => {
    const before = known.get(jobId);
    if (before !== undefined) return before;
    const decoded = decodeDocument(await getJobDocument(iot, jobId));
    const images = decoded.kind === "order" ? imagesOf(decoded.document) : [];
    const has = images.some(({ bc_crc, bc_size }) => wanted.has(`${bc_crc} ${bc_size}`));
    known.set(jobId, has);
    return has;
  };
}

async function firstThat<T>(
  items: readonly T[],
  holds: (item: T) => Promise<boolean>,
): Promise<T | undefined> {
  for (const item of items) if (await holds(item)) return item;
  return undefined;
}
