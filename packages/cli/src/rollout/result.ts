import * as v from "valibot";
import { described } from "../described.js";
import { warningsSchema } from "../publish/result.js";
import { countsSchema } from "../status/result.js";

const gateSchema = v.strictObject({
  state: described(
    v.picklist(["pending", "open", "closed"]),
    "a closed gate is judged again by the next run",
  ),
  text: described(v.nullable(v.string()), "why it is in this state"),
  decidedAt: v.nullable(v.string()),
});

const plannedSchema = v.strictObject({
  things: described(v.nullable(v.number()), "null if not all of them can be counted"),
  request: described(v.record(v.string(), v.unknown()), "parameters of CreateJob, without the document"),
  warnings: warningsSchema,
  rehearsal: v.optional(
    described(
      v.strictObject({
        runs: v.number(),
        openRuns: described(
          v.number(),
          "number of runs in which the gate opens; a command counts as one that opens it",
        ),
        opensAfterSeconds: described(
          v.nullable(v.number()),
          "median over those runs, from the start of the stage; null if it opens in none",
        ),
        abortedRuns: described(v.number(), "number of runs in which an abort rule fired"),
        devicesThatRanImage: described(
          v.strictObject({ p50: v.number(), p90: v.number(), p99: v.number() }),
          "devices on which the new image ran",
        ),
      }),
      "with --fleet",
    ),
  ),
});

const stageSchema = v.strictObject({
  name: v.string(),
  number: v.number(),
  jobId: v.string(),
  to: described(v.array(v.string()), "targets, as in the plan"),
  status: described(v.nullable(v.string()), "status of the job; null if the stage has not started"),
  counts: described(v.nullable(countsSchema), "executions by status; each retry on a thing counts again"),
  gate: gateSchema,
  plan: v.optional(described(plannedSchema, "with --dry-run, of a stage that has not started")),
});

/** Describes the output of `fota rollout --json`. */
export const rolloutSchema = v.strictObject({
  rollout: described(v.string(), "name in the plan"),
  state: described(
    v.picklist(["planned", "in progress", "done", "stopped"]),
    "planned: no stage has started; stopped: a gate closed",
  ),
  stage: described(v.nullable(v.string()), "stage whose gate is not open; null if all gates are"),
  reason: described(v.nullable(v.string()), "why the rollout waits or stopped there"),
  stages: v.array(stageSchema),
});
export type RolloutResult = v.InferOutput<typeof rolloutSchema>;
export type StageResult = v.InferOutput<typeof stageSchema>;
export type PlannedStageResult = v.InferOutput<typeof plannedSchema>;
