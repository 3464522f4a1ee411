import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal, messageOf, type StatusDetails } from "@fota/shared";
import { backoffMs } from "../../core/backoff.js";
import { raceCancelable } from "../../core/deadline.js";
import type { Log } from "../../core/ports.js";
import { END_LEVELS, keyOf } from "../../core/update-state.js";
import type { Job, Jobs } from "../../jobs.js";
import { environmentFor, type Facts } from "../executable/environment.js";
import { findExecutable } from "../executable/find.js";
import { type ExecutableEnd, runExecutable } from "../executable/run.js";
import type { JobsConfig } from "./config.js";
import { operationOf } from "./operation.js";
import { type JobRecord, JobRecords } from "./records.js";
import { type JobVerdict, verdictOf } from "./verdict.js";

export interface HandlerContext {
  config: JobsConfig;
  stateDir: string;
  env: Readonly<Record<string, string | undefined>>;
  log: Log;
  /** Returns what a handler is told besides the job. */
  facts: () => Promise<Facts>;
  /** Kills running handlers. They are started again by the next daemon, or after a reload. */
  signal: AbortSignal;
}

/** How often a handler is started that never ends by itself, because the daemon or the device ended first. */
const ATTEMPTS_MAX = 3;
const BACKOFF = { baseMs: 1_000, maxMs: 60_000 };

/**
 * Runs the executables for jobs of other kinds, one at a time, beside the updates. Saves each step, so that a power cut
 * neither loses a job nor repeats a handler that has ended.
 */
export class JobHandlers {
  readonly #context: HandlerContext;
  readonly #records: JobRecords;
  readonly #active = new Map<string, Promise<void>>();
  /** Active executions that were deleted and created again: they start over. */
  readonly #recreated = new Set<string>();
  #lastRun: Promise<unknown> = Promise.resolve();

  constructor(context: HandlerContext) {
    this.#context = context;
    this.#records = new JobRecords(context.stateDir, context.log);
  }

  /** Works on a job of another kind, if it has a handler. Returns at once. */
  take(job: Job): void {
    const key = keyOf(job);
    if (this.#active.has(key) || this.#context.signal.aborted) return;
    const work = this.#work(job)
      .catch((error: unknown) => {
        if (!this.#context.signal.aborted)
          this.#context.log("error", `job ${job.jobId}: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#active.delete(key);
        if (this.#recreated.delete(key)) this.take(job);
      });
    this.#active.set(key, work);
  }

  /** Continues the jobs of an earlier daemon. Returns at once. */
  resume(jobs: Jobs): void {
    const { signal, log } = this.#context;
    const work = this.#resume(jobs).catch((error: unknown) => {
      if (!signal.aborted) log("error", `cannot continue the jobs of before: ${messageOf(error)}`);
    });
    this.#active.set("resume", work);
  }

  async #resume(jobs: Jobs): Promise<void> {
    for (const record of await this.#untilDone(() => this.#records.all())) {
      const job = await this.#untilDone(() => jobs.find(record.jobId));
      if (job?.executionNumber === record.executionNumber) this.take(job);
      else await this.#remove(record);
    }
  }

  /** Resolves when nothing runs any more, after the signal was aborted. */
  async ended(): Promise<void> {
    await Promise.all(this.#active.values());
  }

  async #work(job: Job): Promise<void> {
    const { log, config } = this.#context;
    let record = await this.#untilDone(() => this.#records.find(job));
    if (record !== undefined && isOfDeletedJob(record, job)) {
      log("warn", `job ${job.jobId} is queued again: its earlier run does not count`);
      await this.#remove(record);
      record = undefined;
    }
    if (record?.verdict !== undefined) return await this.#finish(job, record.verdict);
    const operation = operationOf(job.document);
    if (operation === undefined) {
      log("info", `job ${job.jobId} has no operation that can name a handler: left to other programs`);
      return;
    }
    let path: string | undefined;
    try {
      path = await findExecutable(config.dir, operation);
    } catch (error) {
      return await this.#end(job, failure(messageOf(error)));
    }
    if (path === undefined && record === undefined) {
      log("info", `job ${job.jobId}: ${config.dir} has no ${operation}: left to other programs`);
      return;
    }
    if (path === undefined) return await this.#end(job, failure(`the handler ${operation} was removed`));
    if (record === undefined && job.status === "IN_PROGRESS") {
      log("info", `job ${job.jobId} is in progress, but not by this agent: left to other programs`);
      return;
    }
    await this.#runUntilEnd(job, operation, path, record?.attempts ?? 0);
  }

  async #runUntilEnd(job: Job, operation: string, path: string, before: number): Promise<void> {
    const { signal, log } = this.#context;
    const { jobId, executionNumber } = job;
    let attempts = before;
    let details: StatusDetails = { detail: `${operation} is due` };
    for (;;) {
      if (attempts >= ATTEMPTS_MAX) {
        const times = `${attempts} times`;
        return await this.#end(job, failure(`${operation} was started ${times} and never ended by itself`));
      }
      // The record comes first: an execution in progress without one counts as another program's.
      await this.#save({ jobId, executionNumber, attempts });
      if (!(await this.#report(job, "IN_PROGRESS", details))) return await this.#remove(job);
      const end = await this.#exclusively(async () => {
        attempts += 1;
        await this.#save({ jobId, executionNumber, attempts });
        log("info", `job ${jobId}: running ${operation}`);
        return await this.#run(job, operation, path, attempts);
      });
      const verdict = verdictOf(end);
      if (!("deferMs" in verdict)) return await this.#end(job, verdict);
      const { deferMs, why } = verdict;
      attempts = 0;
      const detail = `${operation} runs again in ${deferMs / 1000} s: ${why}`;
      log("info", `job ${jobId}: ${detail}`);
      await this.#save({ jobId, executionNumber, attempts });
      if (!(await this.#report(job, "IN_PROGRESS", { detail: detail.slice(0, 1_000) }))) {
        return await this.#remove(job);
      }
      await sleep(deferMs, undefined, { signal });
      details = { detail: `${operation} is due again` };
    }
  }

  async #run(job: Job, operation: string, path: string, attempts: number): Promise<ExecutableEnd> {
    const { config, stateDir, env, log, facts, signal } = this.#context;
    const all = { ...(await facts()), jobId: job.jobId, operation, attempt: attempts };
    return await runExecutable({
      path,
      input: `${JSON.stringify(job.document)}\n`,
      env: environmentFor(env, all),
      limitMs: config.timeLimitSeconds * 1000,
      stateDir,
      signal,
      log,
    });
  }

  /** Saves how the job ended before it is reported: a handler that has ended does not run again. */
  async #end(job: Job, verdict: JobVerdict): Promise<void> {
    const { jobId, executionNumber } = job;
    await this.#save({ jobId, executionNumber, attempts: 0, verdict });
    await this.#finish(job, verdict);
  }

  async #finish(job: Job, { status, details }: JobVerdict): Promise<void> {
    const isAccepted = await this.#report(job, status, details);
    const why = details["detail"] === undefined ? "" : `: ${details["detail"]}`;
    if (isAccepted) this.#context.log(END_LEVELS[status], `job ${job.jobId}: ${status}${why}`);
    await this.#remove(job);
  }

  async #save(record: JobRecord): Promise<void> {
    await this.#untilDone(() => this.#records.save(record));
  }

  async #remove(job: Job | JobRecord): Promise<void> {
    await this.#untilDone(() => this.#records.remove(job));
  }

  /** Reports until the service answers. Returns false if the job has ended there: it was canceled, or timed out. */
  async #report(
    job: Job,
    status: JobVerdict["status"] | "IN_PROGRESS",
    details: StatusDetails,
  ): Promise<boolean> {
    const { executionNumber, status: before } = job;
    return await this.#untilDone(async () => {
      if (await job.update(status, details)) return true;
      const isPending = (await job.describe()) && !isTerminal(job.status);
      if (isPending && job.executionNumber === executionNumber) {
        if (before !== "IN_PROGRESS" || job.status !== "QUEUED") throw new Error("the report was refused");
        this.#context.log("warn", `job ${job.jobId} is queued again: its earlier run does not count`);
        this.#recreated.add(keyOf(job));
        return false;
      }
      this.#context.log("warn", `job ${job.jobId}: AWS IoT accepts no more reports of this job`);
      return false;
    });
  }

  /** Repeats a request or a save until it succeeds. Rejects only if the signal is aborted, at once. */
  async #untilDone<T>(work: () => Promise<T>): Promise<T> {
    const { log, signal } = this.#context;
    let last = "";
    for (let failures = 1; ; failures += 1) {
      try {
        return await unlessAborted(signal, work());
      } catch (error) {
        signal.throwIfAborted();
        const problem = messageOf(error);
        if (problem !== last) log("warn", `other jobs wait: ${problem}`);
        last = problem;
      }
      await sleep(backoffMs(failures, BACKOFF, Math.random()), undefined, { signal });
    }
  }

  async #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const running = this.#lastRun.then(() => {
      this.#context.signal.throwIfAborted();
      return run();
    });
    this.#lastRun = running.catch(() => {});
    return await running;
  }
}

/**
 * Tells whether a record is about a job that was deleted. AWS IoT permits its id and execution number again, but an
 * execution in progress is never queued again.
 */
function isOfDeletedJob({ attempts, verdict }: JobRecord, { status }: Job): boolean {
  return status === "QUEUED" && (attempts > 0 || verdict !== undefined);
}

function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return raceCancelable(work, (reject) => {
    const abort = () => reject(new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    return () => signal.removeEventListener("abort", abort);
  });
}

function failure(detail: string): JobVerdict {
  return { status: "FAILED", details: { reason: "handler-failed", detail: detail.slice(0, 1_000) } };
}
