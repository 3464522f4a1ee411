import type { Iot } from "../aws/iot.js";
import { withQueriesOf } from "../job/target-queries.js";
import type { JobSummary } from "./result.js";
import { withSavings } from "./saved.js";
import { withSignatures } from "./signed.js";
import { withUnreached } from "./unreached.js";

/**
 * Adds to the summary of one job what takes further requests: queries of its targets, signers, what patches saved, and
 * what a canceled job had not reached.
 */
export async function withDetails(iot: Iot, summary: JobSummary): Promise<JobSummary> {
  const named = await withSignatures(iot, await withQueriesOf(iot, summary));
  return await withUnreached(iot, await withSavings(iot, named));
}
