import { type RehearsalJob, rehearse, summarizeRuns } from "@fota/local";
import type { Context } from "../context.js";
import { rolloutConfigs, schedulingConfigOf } from "../job/job-request.js";
import type { FleetFile } from "../rehearse/fleet-schema.js";
import { wallClockMs } from "../wall-clock.js";
import type { PlannedStageJob } from "./plan-stages.js";
import { rehearseGate } from "./rehearse-gate.js";
import type { PlannedStageResult } from "./result.js";

const RUNS = 20;
/** Devices in all runs of a stage together: about 6 s of processor time. */
const DEVICES_MAX = 200_000;
const HORIZON_MS = 30 * 86_400_000;

/** Rehearses the job and the gate of one stage, on as many virtual devices as the stage has things. */
export async function rehearseStage(
  { host, output }: Context,
  { stage, plan }: PlannedStageJob,
  fleet: FleetFile,
): Promise<PlannedStageResult["rehearsal"]> {
  const { spec, reach, images } = plan;
  const size = Math.max(1, reach.things.length);
  const nowMs = wallClockMs();
  const startDelayMs = (spec.schedule.start?.getTime() ?? nowMs) - nowMs;
  const input = {
    startMs: nowMs,
    horizonMs: HORIZON_MS + startDelayMs,
    imageBytes: Math.max(...images.map(({ image }) => image.sizeBytes)),
    ...(spec.presign.by === "cli" && { urlLifetimeMs: plan.expiresInSeconds * 1000 }),
    // The same members; AWS's types also allow undefined values, and the rehearsal checks them as CreateJob does.
    job: {
      ...(spec.continuous && { targetSelection: "CONTINUOUS" }),
      ...rolloutConfigs(spec.rollout),
      ...schedulingConfigOf(spec.schedule),
    } as RehearsalJob,
    population: { size, groups: fleet.groups },
  };
  const count = Math.min(RUNS, Math.max(1, Math.floor(DEVICES_MAX / size)));
  const { runs, devicesThatRanImage, abortedRuns } = await output.during(
    `rehearsing stage ${stage.name}`,
    async (progress) => {
      const made = [];
      for (let seed = 1; seed <= count; seed += 1) {
        progress(`rehearsing stage ${stage.name}: run ${seed} of ${count}`);
        await new Promise((resolve) => setImmediate(resolve));
        host.signal.throwIfAborted();
        made.push(...rehearse(input, { seed }).runs);
      }
      return summarizeRuns(made);
    },
  );
  const gates = runs.map((run) => rehearseGate(stage.gate, run, { size, startDelayMs }));
  const opened = gates.flatMap((gate) => (gate.kind === "open" ? [gate.afterMs / 1000] : []));
  return {
    runs: runs.length,
    openRuns: opened.length,
    opensAfterSeconds: opened.sort((a, b) => a - b)[Math.floor(opened.length / 2)] ?? null,
    abortedRuns,
    devicesThatRanImage: { ...devicesThatRanImage },
  };
}
