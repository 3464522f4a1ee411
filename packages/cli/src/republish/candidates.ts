import { FotaError, isFotaError, isTerminal, type JobDocument, type JobExecutionStatus } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { type ExecutionOfThing, listExecutions, listExecutionsOfThing } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { describeJob, type JobDescription } from "../aws/jobs.js";
import { imageFinder, onceEach } from "../job/image-finder.js";

/** Maps the words of `--only` to the statuses of unsuccessful executions. */
const ENDS = {
  failed: "FAILED",
  "timed-out": "TIMED_OUT",
  rejected: "REJECTED",
  removed: "REMOVED",
  canceled: "CANCELED",
} as const;
export type EndWord = keyof typeof ENDS;

/**
 * Lists what is retried by default: what may succeed next time. A device that rejected will reject again, a removed one
 * is gone, and a retry must not restart what a user or an abort rule canceled.
 */
const RETRIED: readonly EndWord[] = ["failed", "timed-out"];

/** Holds a thing to retry, and its other pending jobs. */
export interface Candidate {
  thing: string;
  /** The last attempt of the job on this thing. */
  last: ExecutionOfThing;
  pendingJobIds: string[];
}

/** Holds the things of a job that may be retried, and why others are left out. */
export interface Candidates {
  /** Lists, by name, all things whose last execution has a wanted status. The job id is made of them. */
  ended: string[];
  /** Lists those of them that neither have the image nor a later one, and have no job pending for either. */
  retried: Candidate[];
  leftOut: LeftOut[];
}

/** Holds a thing that is not retried, and the job that has the same image, or is later and has another one. */
export interface LeftOut {
  thing: string;
  status: JobExecutionStatus;
  jobId: string;
  image: "same" | "later";
}

/** Parses `failed,timed-out`, or `all`. @throws {FotaError} USAGE */
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

type RetriedJob = Pick<JobDescription, "jobId" | "createdAt">;

/** Finds the things to retry: one list for each status, then one request per thing for its whole queue. */
export async function findCandidates(
  iot: Iot,
  { job: { jobId, createdAt }, document }: { job: RetriedJob; document: JobDocument },
  ends: readonly EndWord[],
  options: { retryJobId(things: readonly string[]): string; progress(text: string): void },
): Promise<Candidates> {
  const wanted = new Set<JobExecutionStatus>(ends.map((end) => ENDS[end]));
  const queues = await readQueues(iot, jobId, wanted, options.progress);
  const still = queues.flatMap(({ thing, tries, others }) => {
    const last = lastOf(tries);
    return last !== undefined && endedSo(last, tries, wanted) ? [{ thing, last, others }] : [];
  });
  const ended = still.map(({ thing }) => thing);
  const own = options.retryJobId(ended);
  const imageOf = imageFinder(iot, document);
  const isLater = laterFinder(iot, createdAt);
  const retried: Candidate[] = [];
  const leftOut: LeftOut[] = [];
  for (const { thing, last, others: all } of still) {
    const others = all.filter((execution) => execution.jobId !== own);
    const same = await firstThat(others, async (execution) => {
      return mayHold(execution, last) && (await imageOf(execution.jobId)) === "same";
    });
    const holder =
      same ??
      (await firstThat(others, async (execution) => {
        return (await isLater(execution)) && (await imageOf(execution.jobId)) === "other";
      }));
    if (holder !== undefined) {
      const { status, jobId } = holder;
      leftOut.push({ thing, status, jobId, image: same === undefined ? "later" : "same" });
      continue;
    }
    const pending = others.filter(({ status }) => !isTerminal(status));
    retried.push({ thing, last, pendingJobIds: pending.map((execution) => execution.jobId) });
  }
  return { ended, retried, leftOut };
}

/** Holds the executions of a thing: of the old job, and of others. */
interface Queue {
  thing: string;
  tries: ExecutionOfThing[];
  others: ExecutionOfThing[];
}

/** Reads the queues of the things that have an execution of the job with any of these statuses, by name. */
async function readQueues(
  iot: Iot,
  jobId: string,
  statuses: ReadonlySet<JobExecutionStatus>,
  progress: (text: string) => void,
): Promise<Queue[]> {
  const things = new Set<string>();
  for (const status of statuses) {
    for await (const { thing } of listExecutions(iot, jobId, status)) things.add(thing);
  }
  let looked = 0;
  return await mapAtOnce([...things].sort(), REQUESTS_AT_ONCE, async (thing) => {
    progress(`reading the jobs of things: ${looked++} of ${things.size}`);
    const queue: Queue = { thing, tries: [], others: [] };
    for await (const execution of listExecutionsOfThing(iot, thing)) {
      (execution.jobId === jobId ? queue.tries : queue.others).push(execution);
    }
    return queue;
  });
}

function endedSo(
  last: ExecutionOfThing,
  tries: readonly ExecutionOfThing[],
  wanted: ReadonlySet<JobExecutionStatus>,
): boolean {
  return wanted.has(last.status) && tries.every(({ status }) => status !== "SUCCEEDED");
}

/**
 * Returns whether an execution may have installed the image. A success before the failure may have been undone since; a
 * pending execution counts whenever it was queued.
 */
function mayHold(execution: ExecutionOfThing, failed: ExecutionOfThing): boolean {
  if (!isTerminal(execution.status)) return true;
  const time = (of: ExecutionOfThing) => of.lastUpdatedAt?.getTime() ?? 0;
  return execution.status === "SUCCEEDED" && time(execution) > time(failed);
}

/**
 * Returns a function that tells whether an execution has succeeded, or may yet, in a job that was created after
 * `createdAt`. The retry would come after it and replace its image.
 */
function laterFinder(iot: Iot, createdAt = new Date(0)): (execution: ExecutionOfThing) => Promise<boolean> {
  const isLaterJob = onceEach(async (jobId) => {
    const job = await describeJob(iot, jobId).catch((error: unknown) => {
      if (isFotaError(error, "JOB_NOT_FOUND")) return undefined;
      throw error;
    });
    return job?.createdAt !== undefined && job.createdAt > createdAt;
  });
  return async ({ jobId, status, queuedAt }) => {
    if (isTerminal(status) && status !== "SUCCEEDED") return false;
    // A job is created before it is queued for its things.
    if (queuedAt !== undefined && queuedAt <= createdAt) return false;
    return await isLaterJob(jobId);
  };
}

function lastOf(tries: readonly ExecutionOfThing[]): ExecutionOfThing | undefined {
  return tries.reduce<ExecutionOfThing | undefined>(
    (last, next) => (last === undefined || next.executionNumber > last.executionNumber ? next : last),
    undefined,
  );
}

async function firstThat<T>(
  items: readonly T[],
  holds: (item: T) => Promise<boolean>,
): Promise<T | undefined> {
  for (const item of items) if (await holds(item)) return item;
  return undefined;
}
