import * as v from "valibot";
import { described } from "../described.js";
import { jobSummarySchema } from "../status/result.js";

/** Describes the output of `fota report --json`. */
export const writtenReportSchema = v.strictObject({
  jobId: v.string(),
  status: v.string(),
  verdict: described(v.string(), "how the job stands, in one or two words, for people"),
  explanation: described(v.string(), "as of `fota why`"),
  path: described(v.string(), "HTML file, as given with --out"),
  bytes: described(v.number(), "size of the HTML file"),
  csvPath: described(v.nullable(v.string()), "CSV file of all executions; null without --csv"),
  things: described(v.number(), "number of things that have the job"),
  unreached: v.optional(
    described(jobSummarySchema.entries.unreached.wrapped, "of a canceled job, as of `fota status`"),
  ),
  embedded: described(v.number(), "number of things in the table of the HTML file, at most 5,000"),
  detailsLeftOut: described(
    v.number(),
    "number of executions in progress or failed whose report was not read, because there are many",
  ),
  unknown: described(v.array(v.string()), "what could not be read"),
});
export type WrittenReport = v.InferOutput<typeof writtenReportSchema>;
