import type { Command } from "commander";
import type { Context } from "../context.js";
import { usageError } from "../help/usage-error.js";

/** What can name a job; the argument is called `[job-id]`, by which completion knows it. */
export const JOB_ARGUMENT = "job id, the start of one, a version, or last";
/** The same of a command that needs a job. */
export const NEEDED_JOB_ARGUMENT = `${JOB_ARGUMENT}; on a terminal, fota asks`;

/**
 * Returns what names the job: the argument, or where there is none what a person picks.
 * @throws {FotaError} USAGE where there is none, and no terminal to ask on; DECLINED
 */
export async function givenJob(
  context: Context,
  text: string | undefined,
  command: Command,
): Promise<string> {
  if (text !== undefined) return text;
  if (!context.output.canAsk) throw usageError('missing required argument "job-id"', command);
  const { pickJob } = await import("../pick-job/pick-job.js");
  return await pickJob(context);
}
