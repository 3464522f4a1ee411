import * as v from "valibot";
import { described } from "../described.js";

/** Describes the output of `fota cancel --json`. */
export const cancellationSchema = v.strictObject({
  jobId: v.string(),
  thing: v.optional(described(v.string(), "with --thing")),
  changed: described(v.boolean(), "false if it was canceled already"),
  canceled: described(
    v.number(),
    "executions that were canceled: queued ones, and with --force those in progress; for a whole job as counted before, so at most",
  ),
  goingOn: described(v.number(), "executions in progress that continue, because --force was not given"),
});
export type Cancellation = v.InferOutput<typeof cancellationSchema>;
