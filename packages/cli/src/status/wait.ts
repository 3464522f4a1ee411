import { setTimeout as sleep } from "node:timers/promises";
import { FotaError } from "@fota/shared";
import type { Iot } from "../aws/iot.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import type { Output } from "../output.js";
import { follow } from "./follow.js";
import { formatCounts, formatThings } from "./format.js";
import type { JobSummary } from "./result.js";
import { allSucceeded, readJobState, type Shown } from "./summary.js";

const PLAIN = (_style: string, text: string) => text;

/**
 * Follows a job to its end: a live picture on a terminal, a line for each change elsewhere, nothing with `--json`.
 * @throws {FotaError} WAIT_TIMED_OUT, INTERRUPTED, JOB_NOT_FOUND
 */
export async function waitForJob(
  iot: Iot,
  jobId: string,
  shown: Shown,
  { output, signal, timeoutMs }: { output: Output; signal: AbortSignal; timeoutMs: number | undefined },
): Promise<JobSummary> {
  const state = await output.during(`waiting for job ${jobId}`, async (progress) => {
    let lineBefore = "";
    return await follow(
      {
        read: () => readJobState(iot, jobId, output.live ? { kind: "few" } : { kind: "none" }),
        onState({ summary }) {
          const line = summary.total === 0 ? "no thing has it yet" : formatCounts(summary, PLAIN);
          if (output.live) progress(livePicture(line, summary, output));
          else if (line !== lineBefore) output.note(`${new Date().toISOString().slice(11, 19)}  ${line}`);
          lineBefore = line;
        },
        onTrouble: (error) => (output.live ? progress(`${error.message}; trying again`) : undefined),
        sleep: (delayMs) => interruptible(delayMs, signal, jobId),
        nowMs: () => performance.now(),
      },
      timeoutMs,
    );
  });
  return shown.kind === "none" ? state.summary : (await readJobState(iot, jobId, shown)).summary;
}

/** What a script is told of how a job ended. */
export function exitCodeOfJob(summary: JobSummary): ExitCode {
  return allSucceeded(summary) ? EXIT.done : EXIT.thingsFailed;
}

function livePicture(line: string, { executions = [] }: JobSummary, output: Output): string {
  return executions.length === 0
    ? line
    : `${line}\n${formatThings(executions, output.paint, output.columns)}`;
}

async function interruptible(delayMs: number, signal: AbortSignal, jobId: string): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch((cause: unknown) => {
    throw new FotaError("INTERRUPTED", "interrupted", {
      hint: `job ${jobId} goes on without you; \`fota status ${jobId} --wait\` follows it again`,
      cause,
    });
  });
}
