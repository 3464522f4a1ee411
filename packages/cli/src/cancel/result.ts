import * as v from "valibot";
import { described } from "../described.js";

/** What `fota cancel --json` prints. */
export const cancellationSchema = v.strictObject({
  jobId: v.string(),
  thing: v.optional(described(v.string(), "with --thing")),
  changed: described(v.boolean(), "false: it was canceled already"),
  canceled: described(v.number(), "executions that were canceled: those that waited, with --force all"),
  goingOn: described(v.number(), "executions that things were at and go on with, as --force was not given"),
});
export type Cancellation = v.InferOutput<typeof cancellationSchema>;
