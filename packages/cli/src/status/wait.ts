import { setTimeout as sleep } from "node:timers/promises";
import { FotaError } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import type { JobDescription } from "../aws/jobs.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import type { Output } from "../terminal/output.js";
import type { Paint } from "../terminal/paint.js";
import { follow } from "./follow.js";
import { formatThings } from "./format.js";
import { outcomeOf } from "./outcome.js";
import type { JobSummary } from "./result.js";
import { allSucceeded, type JobState, jobReader, readJobState, type Shown } from "./summary.js";

export interface Waiting {
  output: Output;
  signal: AbortSignal;
  timeoutMs: number | undefined;
  /** The job, if it was read already. */
  first?: JobDescription | undefined;
}

const PLAIN: Paint = (_style, text) => text;

/**
 * Follows a job until it ends: with a live view on a terminal, a line for each change elsewhere, nothing with `--json`.
 * @throws {FotaError} WAIT_TIMED_OUT, INTERRUPTED, JOB_NOT_FOUND
 */
export async function waitForJob(
  iot: Iot,
  jobId: string,
  shown: Shown,
  { output, signal, timeoutMs, first }: Waiting,
): Promise<JobSummary> {
  const read = jobReader(iot, jobId, output.live ? { kind: "few" } : { kind: "none" }, first);
  const state = await output.during(`waiting for job ${jobId}`, async (progress) => {
    let lineBefore = "";
    return await follow(
      {
        ...interruptible(read, signal, ["status", jobId, "--wait"]),
        onState({ summary }) {
          const line = outcomeLine(summary, output.live ? output.paint : PLAIN);
          if (output.live) progress(liveView(line, summary, output));
          else if (line !== lineBefore) output.note(withTimeOfDay(line));
          lineBefore = line;
        },
        onOutage: (error) => (output.live ? progress(`${error.message}; trying again`) : undefined),
        nowMs: () => performance.now(),
      },
      timeoutMs,
    );
  });
  if (shown.kind === "none" && state.summary.total > 0) return state.summary;
  // Other implementations of the API send no counts: the executions show whether there is none.
  return (await readJobState(iot, jobId, { kind: "few" })).summary;
}

/** Returns the exit code for how a job ended: a job that reached no thing updated nothing, so it is no success. */
export function exitCodeOfJob(summary: JobSummary): ExitCode {
  return allSucceeded(summary) ? EXIT.done : EXIT.thingsFailed;
}

/** Formats a line of a log, with the time of day in UTC. */
export function withTimeOfDay(line: string): string {
  return `${new Date().toISOString().slice(11, 19)}  ${line}`;
}

/** Formats the outcome so far as one line, with AWS's status after it. */
export function outcomeLine(summary: JobSummary, paint: Paint): string {
  const { headline, style } = outcomeOf(summary);
  return `${paint(style, headline)}  ${paint("dim", summary.status)}`;
}

/**
 * Wraps reading and sleeping so that the error after Ctrl-C says how to continue.
 * @param again the command that follows the job again
 */
export function interruptible(read: () => Promise<JobState>, signal: AbortSignal, again: readonly string[]) {
  const rethrow = (error: unknown): never => {
    if (!signal.aborted) throw error;
    throw new FotaError("INTERRUPTED", "interrupted", {
      hint: { text: "the job continues; run <command> to follow it again", command: again },
      cause: error,
    });
  };
  return {
    read: () => read().catch(rethrow),
    sleep: (delayMs: number) => sleep(delayMs, undefined, { signal }).catch(rethrow),
  };
}

function liveView(line: string, { executions = [] }: JobSummary, output: Output): string {
  return executions.length === 0
    ? line
    : `${line}\n${formatThings(executions, output.paint, output.columns)}`;
}
