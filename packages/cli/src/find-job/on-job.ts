import {
  FotaError,
  hintAnd,
  hintOf,
  isFotaError,
  JOB_ID_MAX_LENGTH,
  JOB_ID_PATTERN,
  LIST_PAGE_MAX,
} from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { jobNotFound, type ListedJob, listJobs } from "../aws/jobs.js";
import { withSuggestions } from "../aws/near-names.js";
import type { Context } from "../context.js";
import { LAST_JOB } from "../job/job-id.js";
import { formatAgo } from "../terminal/format.js";
import { isVersionOf, jobsNamed, nearJobIds, newestOf } from "./match.js";

/** Limits a search to eight pages, which take a second or two. */
const JOBS_READ_MAX = 8 * LIST_PAGE_MAX;
const CANDIDATES_SHOWN_MAX = 5;

/** Says how a command changes something. */
interface Change {
  /** True if the command does not ask first. */
  yes: boolean;
  /** True if it only shows the change. */
  dryRun?: boolean;
}

/** Throws if `text` cannot name a job, before any request. @throws {FotaError} JOB_ID_INVALID */
export function checkJobText(text: string): void {
  if (text.length <= JOB_ID_MAX_LENGTH && /^[\w.+-]+$/.test(text)) return;
  throw new FotaError("JOB_ID_INVALID", `${JSON.stringify(text)} is not a job id, nor the start of one`, {
    hint: {
      text: "give a job id or its start, a version, or last: <command> shows the jobs",
      command: ["list"],
    },
  });
}

/**
 * Runs `read` with the id of the job that `text` names: an id, the start of one, a version, or `last`. An exact id
 * costs no extra request: jobs are listed only after `read` failed with JOB_NOT_FOUND, and then `read` runs again with
 * the id that was found. So `read` must change nothing. The version of several jobs names the newest of them: a retry and
 * a promoted job have the version of the first one.
 * @param change for a command that changes something: the version must then be that of one job, and the start of an id
 *   names a job only if the user can see which job was found, or with `dryRun`. A script that deletes `nightly-1` a second
 *   time must not delete `nightly-12`.
 * @throws {FotaError} JOB_NOT_FOUND with near ids, JOB_AMBIGUOUS, and what `read` or the list of jobs throws
 */
export async function onJob<T>(
  { output }: Pick<Context, "output">,
  iot: Iot,
  text: string,
  read: (jobId: string) => Promise<T>,
  change?: Change,
): Promise<T> {
  let notFound = jobNotFound(text);
  if (text !== LAST_JOB && JOB_ID_PATTERN.test(text)) {
    try {
      return await read(text);
    } catch (error) {
      if (!isFotaError(error, "JOB_NOT_FOUND")) throw error;
      notFound = error;
    }
  }
  const isUnseen = change !== undefined && change.dryRun !== true && (change.yes || !output.canAsk);
  const { jobId, count } = await output.during("looking for the job", () =>
    text === LAST_JOB
      ? lastJob(iot)
      : namedJob(iot, text, notFound, { isUnseen, isChange: change !== undefined }),
  );
  const among = count === 1 ? "" : `, the newest of ${count} of this version`;
  output.note(output.notes.paint("dim", `"${text}" is job ${jobId}${among}`));
  return await read(jobId);
}

/** Holds a job that was found, and the number of jobs that the text names. */
interface NamedJob {
  jobId: string;
  count: number;
}

async function lastJob(iot: Iot): Promise<NamedJob> {
  const { jobs } = await newestJobs(iot, LIST_PAGE_MAX);
  const newest = newestOf(jobs);
  if (newest === undefined) throw noJobYet();
  return { jobId: newest.jobId, count: 1 };
}

/** Returns the error for an account without any job. */
export function noJobYet(): FotaError {
  return new FotaError("JOB_NOT_FOUND", "there is no job yet", {
    hint: "publish an image first, or check the region and the account (--region, --profile, --local)",
  });
}

async function namedJob(
  iot: Iot,
  text: string,
  notFound: FotaError,
  { isUnseen, isChange }: { isUnseen: boolean; isChange: boolean },
): Promise<NamedJob> {
  const { jobs, more } = await newestJobs(iot, JOBS_READ_MAX).catch((error: unknown) => {
    throw isFotaError(error, "ACCESS_DENIED") ? unlisted(text, notFound, error) : error;
  });
  const named = jobsNamed(text, jobs);
  const job = newestOf(named);
  if (job === undefined) {
    throw withSuggestions(more ? bounded(notFound, jobs.length) : notFound, nearJobIds(text, jobs));
  }
  const isVersion = isVersionOf(text, job);
  if (named.length > 1 && (isChange || !isVersion)) throw ambiguous(text, named);
  if (isUnseen && !isVersion) throw onlyStart(notFound, job);
  return { jobId: job.jobId, count: named.length };
}

/**
 * Returns the error for credentials that may not list jobs. A text that cannot be a whole id was never read, so it may
 * still name a job.
 */
function unlisted(text: string, notFound: FotaError, denied: FotaError): FotaError {
  const error = JOB_ID_PATTERN.test(text) ? notFound : denied;
  const more =
    "give the whole id: fota finds a job by the start of its id or by its version only with iot:ListJobs";
  return new FotaError(error.code, error.message, { hint: hintAnd(hintOf(error), more), cause: error.cause });
}

/** Returns the error for a change that no user watches. */
function onlyStart({ code, message, cause }: FotaError, { jobId }: ListedJob): FotaError {
  return new FotaError(code, `${message}; only the id of job ${jobId} begins with it`, {
    hint: `give the whole id if you mean ${jobId}: without a question to answer, fota changes no job by the start of its id`,
    cause,
  });
}

/** Reads up to `max` jobs; AWS lists the newest first. `more` means that there may be older ones. */
async function newestJobs(iot: Iot, max: number): Promise<{ jobs: ListedJob[]; more: boolean }> {
  const jobs: ListedJob[] = [];
  for await (const job of listJobs(iot)) {
    jobs.push(job);
    if (jobs.length === max) return { jobs, more: true };
  }
  return { jobs, more: false };
}

/** Adds that an older job may have the id. */
function bounded(error: FotaError, count: number): FotaError {
  const message = `${error.message}, and none of the newest ${count.toLocaleString("en-US")} jobs has an id that begins with it`;
  return new FotaError(error.code, message, {
    hint: hintAnd(hintOf(error), "give the whole id of an older job"),
    cause: error.cause,
  });
}

function ambiguous(text: string, candidates: readonly ListedJob[]): FotaError {
  const now = new Date();
  const shown = candidates.slice(0, CANDIDATES_SHOWN_MAX).map(({ jobId, createdAt }) => {
    return createdAt === undefined ? jobId : `${jobId} (${formatAgo(createdAt, now)})`;
  });
  const more = candidates.length > shown.length ? ` and ${candidates.length - shown.length} more` : "";
  return new FotaError(
    "JOB_AMBIGUOUS",
    `"${text}" matches ${candidates.length} jobs: ${shown.join(", ")}${more}`,
    { hint: { text: "give more of the id; <command> shows what each job is", command: ["list"] } },
  );
}
