import * as v from "valibot";
import { described } from "../described.js";
import { countsSchema } from "../status/result.js";
import { deviceGroupSchema } from "./fleet-schema.js";

/** The reason for no suggestion that people chose themselves. */
export const NOT_WANTED = "--no-suggest";
const NEVER = "null if it does not end";

const percentilesSchema = v.strictObject({ p50: v.number(), p90: v.number(), p99: v.number() });
const timesSchema = v.strictObject({
  p50: v.nullable(v.number()),
  p90: v.nullable(v.number()),
  p99: v.nullable(v.number()),
});

const spreadSchema = v.strictObject({ p10: v.number(), p50: v.number(), p90: v.number() });

const runSchema = v.strictObject({
  seed: v.number(),
  result: described(
    v.picklist(["completed", "aborted", "canceled", "unfinished"]),
    "canceled: at the end of the schedule; unfinished: some executions never ended",
  ),
  endedAfterSeconds: described(v.nullable(v.number()), NEVER),
  abort: described(
    v.nullable(
      v.strictObject({
        afterSeconds: v.number(),
        rule: described(v.string(), "comment of the canceled job"),
        devicesThatRanImage: described(v.number(), "devices on which the new image had run by then"),
        inProgress: described(v.number(), "executions in progress, which the abort does not stop"),
      }),
    ),
    "null if no abort rule fired",
  ),
  devicesThatRanImage: described(v.number(), "devices on which the new image ran, with any outcome"),
  downloadedBytes: v.number(),
  expiredUrls: described(v.number(), "attempts that failed because the URL had expired"),
  counts: described(countsSchema, "executions by status at the end; each retry counts again"),
});

const suggestionSchema = v.strictObject({
  flags: described(v.array(v.string()), "options of publish to use, as on a command line"),
  maxBadDevices: described(v.number(), "number of devices of --max-bad"),
  isWithinMaxBad: described(
    v.boolean(),
    "true if an image that fails on 30 % of the devices runs on at most maxBadDevices, in 9 of 10 runs",
  ),
  runs: described(v.number(), "number of runs of the whole fleet with a good image"),
  lateRuns: described(v.number(), "runs in which the URL or the schedule ended too early for some devices"),
  endedAfterSeconds: described(timesSchema, `of the same runs; ${NEVER}`),
  falseAlarms: described(
    v.strictObject({ runs: v.number(), aborted: v.number(), devices: v.number() }),
    "with a good image: number of runs, runs in which the rule fired, and devices in each run",
  ),
  badImages: v.array(
    v.strictObject({
      kind: v.picklist(["fails", "hangs"]),
      share: described(v.number(), "share of the devices on which the image fails or hangs"),
      runs: v.number(),
      abortedRuns: v.number(),
      devicesThatRanImage: percentilesSchema,
    }),
  ),
});

/** Describes the output of `fota rehearse --json`. */
export const rehearsalSchema = v.strictObject({
  things: described(v.number(), "number of virtual devices"),
  thingsFrom: described(
    v.picklist(["--things", "--fleet", "--to", "--learn"]),
    "where the number comes from",
  ),
  fleetFile: described(v.nullable(v.string()), "null without --fleet"),
  learned: described(
    v.nullable(
      v.strictObject({
        jobIds: v.array(v.string()),
        devices: v.number(),
        executions: v.number(),
        warnings: described(v.array(v.string()), "what the executions do not tell"),
        savedAs: described(v.nullable(v.string()), "file of --save"),
      }),
    ),
    "null without --learn; without both, the devices are always online and do not fail",
  ),
  groups: described(v.array(deviceGroupSchema), "the virtual devices, as in the file of --fleet"),
  imageBytes: described(v.number(), "size of the largest image"),
  job: described(v.record(v.string(), v.unknown()), "members of CreateJob that decide the rollout"),
  urlLifetimeSeconds: described(v.nullable(v.number()), "null if AWS IoT presigns a new URL on each request"),
  startsAt: described(v.string(), "time at which the virtual job is created"),
  endedAfterSeconds: described(timesSchema, `percentiles over the runs; ${NEVER}`),
  downloadedBytes: described(percentilesSchema, "sum over all devices"),
  devicesThatRanImage: described(percentilesSchema, "devices on which the new image ran"),
  abortedRuns: described(v.number(), "number of runs in which an abort rule fired"),
  abort: described(
    v.nullable(v.strictObject({ afterSeconds: percentilesSchema, devicesThatRanImage: percentilesSchema })),
    "over the runs in which an abort rule fired; null if it fired in none",
  ),
  cost: described(
    v.strictObject({
      jobActions: described(v.number(), "one for each execution; each retry counts again"),
      transferBytes: v.number(),
      currency: described(v.nullable(v.string()), "null if fota.config.json has no prices"),
      jobActionsPrice: v.nullable(v.number()),
      transferPrice: v.nullable(v.number()),
    }),
    "of the typical run",
  ),
  typicalSeed: described(v.number(), "seed of the typical run: half of the runs end no later than it"),
  timeline: described(
    v.array(v.strictObject({ afterSeconds: v.number(), counts: countsSchema })),
    "executions over time in the typical run, at most 120 points",
  ),
  overTime: described(
    v.array(
      v.strictObject({
        afterSeconds: v.number(),
        created: spreadSchema,
        succeeded: spreadSchema,
        failed: described(spreadSchema, "failed, timed out or rejected"),
      }),
    ),
    "percentiles over the runs, in at most 61 points, until a little after half of the runs have ended",
  ),
  htmlPath: described(v.nullable(v.string()), "file of --html"),
  suggestion: described(v.nullable(suggestionSchema), "null if there is none"),
  noSuggestion: described(v.nullable(v.string()), "why there is no suggestion; null if there is one"),
  runs: v.array(runSchema),
});
export type RehearsalResult = v.InferOutput<typeof rehearsalSchema>;
