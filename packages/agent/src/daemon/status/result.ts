import { UPDATE_PHASES } from "@fota/shared";
import * as v from "valibot";
import { described } from "../fields/field.js";

const progressSchema = v.object({
  phase: v.optional(v.picklist(UPDATE_PHASES)),
  percent: v.optional(v.number()),
  bytes: v.optional(v.number()),
  totalBytes: v.optional(v.number()),
  detail: v.optional(v.string()),
});

const resultSchema = v.strictObject({
  jobId: v.nullable(described(v.string(), "null for an image that was installed by hand")),
  status: v.picklist(["SUCCEEDED", "FAILED", "REJECTED"]),
  version: v.nullable(v.string()),
  reason: v.nullable(v.string()),
  detail: v.nullable(v.string()),
  at: described(v.string(), "time by the clock of the device, ISO 8601"),
});

/** What the daemon knows and the files do not. */
const liveSchema = v.strictObject({
  link: v.picklist(["opening", "connecting", "connected", "disconnected"]),
  problem: v.nullable(described(v.string(), "why the slots or the broker cannot be reached")),
  progress: v.nullable(progressSchema),
  waitingSeconds: v.nullable(described(v.number(), "the update continues after this time")),
});
export type Live = v.InferOutput<typeof liveSchema>;

/** Describes the output of `fota-agent status --json`. */
export const statusSchema = v.strictObject({
  thing: v.string(),
  endpoint: described(v.string(), "host or host:port of the broker"),
  model: v.nullable(v.string()),
  version: v.nullable(described(v.string(), "version of the running firmware, if known")),
  slot: described(v.number(), "slot that runs"),
  boot: described(
    v.picklist(["confirmed", "trial", "restart-due"]),
    "confirmed: the running image is; trial: it is not yet; restart-due: another slot boots next",
  ),
  nextSlot: described(v.number(), "slot that boots next"),
  workingSlot: described(v.number(), "slot of the last confirmed image"),
  phase: described(v.string(), "phase of the update, or idle"),
  jobId: v.nullable(v.string()),
  targetVersion: v.nullable(v.string()),
  last: v.nullable(described(resultSchema, "how the last update ended")),
  daemon: v.nullable(described(liveSchema, "null if `fota-agent run` does not run")),
  agent: described(v.string(), "version of fota-agent"),
});
export type Status = v.InferOutput<typeof statusSchema>;
