import { isFotaError } from "@fota/shared";
import { listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { reachOf } from "../job/reach.js";
import { parseTargets } from "../job/targets.js";
import type { JobSummary } from "./result.js";

export type Unreached = NonNullable<JobSummary["unreached"]>;

/** Limits the things of groups that are listed, 250 with each request. */
const LISTED_MAX = 10_000;
/** For more executions, which take a request for each 250, the number comes from the counts. */
const COMPARED_MAX = 1_000;

/** Adds to the summary of a canceled job how many things it had not reached. */
export async function withUnreached(iot: Iot, summary: JobSummary): Promise<JobSummary> {
  const { jobId, targets = [], executions, total } = summary;
  const things = executions?.length === total ? executions.map(({ thing }) => thing) : undefined;
  const unreached = await findUnreached(iot, { ...summary, jobId, targetArns: targets }, things);
  return unreached === undefined ? summary : { ...summary, unreached };
}

interface CanceledJob {
  jobId: string;
  status: string;
  targetArns: readonly string[];
  /** Number of executions; each retry on a thing counts again. */
  total: number;
}

/**
 * Counts the things that a canceled job had not reached: AWS IoT has no execution for them, and no count. Compares the
 * things that are in its targets now with those that have an execution, or with the number of executions if there are
 * many; then it is a lower limit. Returns `undefined` for another job, and if the job reached no thing at all.
 * @param reached the things that have an execution, if they are known
 * @param max number of things from which groups are not listed
 */
export async function findUnreached(
  iot: Iot,
  { jobId, status, targetArns, total }: CanceledJob,
  reached?: readonly string[],
  max = LISTED_MAX,
): Promise<Unreached | undefined> {
  if (status !== "CANCELED" || total === 0 || targetArns.length === 0) return undefined;
  try {
    const { things, unknown } = await reachOf(iot, parseTargets(targetArns, targetArns.length), max);
    if (unknown !== undefined) return { things: null, ofThings: null, isExact: false, unknown };
    const known = reached ?? (total <= COMPARED_MAX ? await reachedThings(iot, jobId) : undefined);
    const ofThings = things.length;
    if (known === undefined) return { things: Math.max(0, ofThings - total), ofThings, isExact: false };
    const has = new Set(known);
    return { things: things.filter((thing) => !has.has(thing)).length, ofThings, isExact: true };
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    return { things: null, ofThings: null, isExact: false, unknown: error.message };
  }
}

async function reachedThings(iot: Iot, jobId: string): Promise<string[]> {
  const things: string[] = [];
  for await (const { thing } of listExecutions(iot, jobId)) things.push(thing);
  return things;
}

/**
 * Says how many things a canceled job had not reached, or, if that was not read, that there may be some. Returns
 * `undefined` if there are none.
 */
export function unreachedText(
  { status, targetArns, total }: Omit<CanceledJob, "jobId">,
  unreached: Unreached | undefined,
): string | undefined {
  if (status !== "CANCELED" || total === 0) return undefined;
  const { things = null, ofThings = null, isExact = false, unknown } = unreached ?? {};
  // As many executions as things: each thing has one.
  if (things === 0 && (isExact || total === ofThings)) return undefined;
  if (things !== null && things > 0) {
    const count = isExact ? things : `at least ${things}`;
    const are = count === 1 ? "is" : "are";
    return `canceled: ${count} of the ${ofThings} things in its targets never got it, and ${are} not counted`;
  }
  const isOfThings = targetArns.every((arn) => !arn.includes(":thinggroup/"));
  if (isOfThings && targetArns.length <= total) return undefined;
  const why = unknown === undefined ? "" : ` (${unknown})`;
  return `canceled: things that it had not reached never got it, and are not counted${why}`;
}
