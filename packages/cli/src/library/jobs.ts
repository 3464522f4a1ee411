import type { Cancellation } from "../cancel/result.js";
import { type CancelOptions as CancelFlags, runCancel } from "../cancel/run.js";
import { withIot } from "../connect/with-iot.js";
import { onJob } from "../find-job/on-job.js";
import type { Published } from "../publish/result.js";
import { type PromoteOptions as PromoteFlags, runPromote } from "../republish/run-promote.js";
import { type RetryOptions as RetryFlags, runRetry } from "../republish/run-retry.js";
import { withDetails } from "../status/details.js";
import type { JobSummary } from "../status/result.js";
import { readJobState, readThing } from "../status/summary.js";
import { waitForJob as followJob } from "../status/wait.js";
import type { Explanation } from "../why/result.js";
import { runWhy } from "../why/run.js";
import { checkText, checkTexts } from "./check-arguments.js";
import { type AccessOptions, openContext, resultOf } from "./open.js";

// A job is named as on the command line: by its id, a version or "last". Calls that change nothing accept the start of
// an id too.

/** Names the options that only make sense on a terminal. */
type OfTerminal = "yes" | "wait" | "dryRun" | "timeout" | "waitTimeout" | "utc";

export interface StatusOptions extends AccessOptions {
  /** Shows only this thing, with all details. */
  thing?: string;
}

export interface WaitOptions extends AccessOptions {
  /** Limits the wait in milliseconds; without it there is no limit. */
  timeoutMs?: number;
}

export interface CancelOptions extends AccessOptions, Omit<CancelFlags, OfTerminal> {}
export interface RetryOptions extends AccessOptions, Omit<RetryFlags, OfTerminal> {}
export interface PromoteOptions extends AccessOptions, Omit<PromoteFlags, OfTerminal> {}

export interface ExplainOptions extends AccessOptions {
  /** Explains the state of this thing instead of the whole job. */
  thing?: string;
}

/**
 * Reads the state of a job as `fota status <job> --json` does: counts, causes of failure, and the executions of a small
 * job.
 * @throws {FotaError} JOB_NOT_FOUND, JOB_AMBIGUOUS, THING_NOT_FOUND and translated AWS errors
 */
export async function status(job: string, options: StatusOptions = {}): Promise<JobSummary> {
  checkText("job", job);
  const context = await openContext(options);
  const { thing } = options;
  return await withIot(context, (iot) =>
    onJob(context, iot, job, async (jobId) => {
      if (thing !== undefined) return (await readThing(iot, jobId, thing)).summary;
      return await withDetails(iot, (await readJobState(iot, jobId, { kind: "few" })).summary);
    }),
  );
}

/**
 * Waits until a job ends, through network outages, and returns its final state.
 * @throws {FotaError} WAIT_TIMED_OUT, INTERRUPTED when `signal` aborts, JOB_NOT_FOUND, JOB_AMBIGUOUS
 */
export async function waitForJob(job: string, options: WaitOptions = {}): Promise<JobSummary> {
  checkText("job", job);
  const context = await openContext(options);
  const { output, host } = context;
  return await withIot(context, async (iot) => {
    const first = await onJob(context, iot, job, (jobId) => readJobState(iot, jobId, { kind: "none" }));
    const waiting = { output, signal: host.signal, timeoutMs: options.timeoutMs };
    return await withDetails(iot, await followJob(iot, first.summary.jobId, { kind: "few" }, waiting));
  });
}

/**
 * Cancels a job, for all things or, with `thing`, for one.
 * @throws {FotaError} JOB_NOT_FOUND, JOB_ENDED, THING_NOT_FOUND, EXECUTION_STATE
 */
export async function cancel(job: string, options: CancelOptions = {}): Promise<Cancellation> {
  checkText("job", job);
  return await resultOf(options, (context) => runCancel(context, job, { ...options, yes: true }));
}

/**
 * Publishes the image of a job again for the things on which it did not succeed.
 * @throws {FotaError} NOTHING_TO_RETRY, IMAGE_NOT_FOUND, IMAGE_CHANGED and what `publish` throws
 */
export async function retry(job: string, options: RetryOptions = {}): Promise<Published> {
  checkText("job", job);
  return await resultOf(options, (context) => runRetry(context, job, { ...options, yes: true }));
}

/**
 * Publishes the image of a job to the next targets after the job has proven it; `force` skips that check.
 * @throws {FotaError} JOB_NOT_PROVEN, IMAGE_NOT_FOUND, IMAGE_CHANGED and what `publish` throws
 */
export async function promote(job: string, options: PromoteOptions): Promise<Published> {
  checkText("job", job);
  if (options?.to !== undefined) checkTexts("to", options.to);
  return await resultOf(options, (context) => runPromote(context, job, { ...options, yes: true }));
}

/** Explains why a job, or one of its things, is in its state, as `fota why --json` does. */
export async function explain(job: string, options: ExplainOptions = {}): Promise<Explanation> {
  checkText("job", job);
  return await resultOf(options, (context) => runWhy(context, job, options));
}
