import * as v from "valibot";
import { described } from "../described.js";

const FLEET_SOURCES = ["shadow", "package", "jobs"] as const;
/** Says where the versions come from: the named shadow `fota`, the shadow `$package`, or jobs that succeeded. */
export type FleetSource = (typeof FLEET_SOURCES)[number];

/** Says why the versions come from jobs. */
const SLOW_REASONS = ["index-off", "index-building", "not-indexed", "no-reports", "denied"] as const;
export type SlowReason = (typeof SLOW_REASONS)[number];

/** Says why a thing needs attention. */
const LAGS = ["behind", "failed", "stuck"] as const;
export type Lag = (typeof LAGS)[number];

const lastJobSchema = v.strictObject({
  jobId: v.string(),
  status: described(v.string(), "status of its newest execution"),
  at: v.optional(described(v.string(), "when that execution last changed")),
});

/** Describes one thing of the fleet. Everything but its name may be unknown. */
export const fleetThingSchema = v.strictObject({
  thingName: v.string(),
  version: v.optional(described(v.string(), "firmware that it runs; missing if nothing tells it")),
  model: v.optional(described(v.string(), "hardware model")),
  slot: v.optional(described(v.number(), "slot that it runs from")),
  imageSha256: v.optional(described(v.string(), "SHA-256 of the running image")),
  agent: v.optional(described(v.string(), "version of @fota/agent")),
  bootedAt: v.optional(described(v.string(), "when it booted, by its own clock")),
  reportedAt: v.optional(described(v.string(), "when it reported the version, or when the job succeeded")),
  groups: v.optional(described(v.array(v.string()), "thing groups that it is in")),
  connected: v.optional(described(v.boolean(), "missing if AWS IoT does not index connectivity")),
  lastSeen: v.optional(
    described(v.string(), "newest sign of it: connection, report or job; now if it is connected"),
  ),
  lastJob: v.optional(lastJobSchema),
  lags: v.optional(
    described(
      v.array(v.picklist(LAGS)),
      "behind: below the most common version of its model; failed: its last job did not succeed; stuck: its last job has been in progress for a day",
    ),
  ),
});
export type FleetThing = v.InferOutput<typeof fleetThingSchema>;

const modelCountSchema = v.strictObject({
  model: described(v.nullable(v.string()), "null if it is unknown"),
  things: v.number(),
});

const versionCountSchema = v.strictObject({
  version: described(v.nullable(v.string()), "null if it is unknown"),
  things: v.number(),
  models: described(v.array(modelCountSchema), "things of this version by model, the most first"),
});
export type VersionCount = v.InferOutput<typeof versionCountSchema>;

const groupCountSchema = v.strictObject({
  group: v.string(),
  things: v.number(),
  versions: v.array(v.strictObject({ version: v.nullable(v.string()), things: v.number() })),
});
export type GroupCount = v.InferOutput<typeof groupCountSchema>;

/** Describes the output of `fota fleet --json`, without the list of things. */
export const fleetSchema = v.strictObject({
  source: described(
    v.picklist(FLEET_SOURCES),
    "shadow: what devices report; package: AWS's record of software packages; jobs: jobs that succeeded",
  ),
  because: v.optional(
    described(
      v.picklist(SLOW_REASONS),
      "why jobs are the source: fleet indexing is off; AWS still builds the index; it has no shadow with versions; no device reports there; it may not be read",
    ),
  ),
  package: v.optional(described(v.string(), "software package, if that is the source")),
  readAt: v.string(),
  things: described(v.number(), "number of things that match"),
  versions: described(v.array(versionCountSchema), "newest first; unknown versions last"),
  groups: v.optional(described(v.array(groupCountSchema), "with --by group")),
  connected: v.optional(described(v.number(), "things that are connected, if that is indexed")),
  behind: described(v.number(), "things below the most common version of their model"),
  comparedWith: v.optional(
    described(
      v.array(
        v.strictObject({
          model: described(v.nullable(v.string()), "null if it is unknown"),
          version: described(v.string(), "most common version of the model"),
          behind: described(v.number(), "things of the model below it"),
        }),
      ),
      "what the things are below, by model, the most first",
    ),
  ),
  failed: v.optional(
    described(v.number(), "things whose last job did not succeed, as far as jobs were read"),
  ),
  stuck: v.optional(described(v.number(), "things whose last job has been in progress for a day")),
  jobsRead: v.optional(described(v.number(), "number of jobs that were read, if jobs are the source")),
  partial: v.optional(described(v.string(), "why some things may be missing or unknown, for people")),
});
export type Fleet = v.InferOutput<typeof fleetSchema>;

/** Describes the output of `fota fleet --json` with a list of things. */
export const fleetListSchema = v.strictObject({
  source: fleetSchema.entries.source,
  because: fleetSchema.entries.because,
  package: fleetSchema.entries.package,
  readAt: v.string(),
  things: described(v.array(fleetThingSchema), "the things that match, by name"),
});

const indexSettingSchema = v.strictObject({
  setting: described(v.string(), "part of the configuration of fleet indexing"),
  from: v.string(),
  to: v.string(),
});
export type IndexSetting = v.InferOutput<typeof indexSettingSchema>;

/** Describes the output of `fota fleet --index --json`. */
export const indexChangeSchema = v.strictObject({
  changes: described(v.array(indexSettingSchema), "empty if the index has all that `fota fleet` needs"),
  done: described(v.boolean(), "false with --dry-run"),
});
