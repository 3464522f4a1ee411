import type { Command } from "commander";
import type { Context } from "../context.js";
import { usageError } from "../help/usage-error.js";
import type { OfferKind } from "../pick-job/offers.js";

/** Describes what can name a job; completion recognizes the argument by its name `[job-id]`. */
export const JOB_ARGUMENT = "job id, the start of one, a version, or last";
/** Describes the same for a command that requires a job. */
export const NEEDED_JOB_ARGUMENT = `${JOB_ARGUMENT}; on a terminal, fota asks`;

/**
 * Returns the text that names the job: the argument, or without one, what the user picks among the jobs of a kind.
 * @throws {FotaError} USAGE without an argument and without a terminal; DECLINED
 */
export async function givenJob(
  context: Context,
  text: string | undefined,
  command: Command,
  kind: OfferKind,
): Promise<string> {
  if (text !== undefined) return text;
  if (!context.output.canAsk) throw usageError('missing required argument "job-id"', command);
  const { pickJob } = await import("../pick-job/pick-job.js");
  return await pickJob(context, kind);
}
