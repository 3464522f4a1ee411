import { type RehearsalJob, rehearse, summarizeRuns } from "@fota/local";
import type { Context } from "../context.js";
import { rolloutConfigs, schedulingConfigOf } from "../job/job-request.js";
import type { FleetFile } from "../rehearse/fleet-schema.js";
import type { PlannedStageJob } from "./plan-stages.js";
import type { PlannedStageResult } from "./result.js";

const RUNS = 20;
/** Devices in all runs of a stage together: about 6 s of processor time. */
const DEVICES_MAX = 200_000;
const HORIZON_MS = 30 * 86_400_000;

/** Rehearses the job of one stage on as many virtual devices as it has things. */
export async function rehearseStage(
  { host, output }: Context,
  { stage, plan }: PlannedStageJob,
  fleet: FleetFile,
): Promise<PlannedStageResult["rehearsal"]> {
  const { spec, reach, images } = plan;
  const size = Math.max(1, reach.things.length);
  const nowMs = Date.now();
  const startMs = spec.schedule.start?.getTime() ?? nowMs;
  const input = {
    startMs: nowMs,
    horizonMs: HORIZON_MS + startMs - nowMs,
    imageBytes: Math.max(...images.map(({ image }) => image.sizeBytes)),
    // The same members; AWS's types also allow undefined values, and the rehearsal checks them as CreateJob does.
    job: {
      ...(spec.continuous && { targetSelection: "CONTINUOUS" }),
      ...rolloutConfigs(spec.rollout),
      ...schedulingConfigOf(spec.schedule),
    } as RehearsalJob,
    population: { size, groups: fleet.groups },
  };
  const count = Math.min(RUNS, Math.max(1, Math.floor(DEVICES_MAX / size)));
  const { runs, endedAfterMs, devicesThatRanImage, abortedRuns } = await output.during(
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
  const seconds = (ms: number) => (Number.isFinite(ms) ? ms / 1000 : null);
  const { p50, p90, p99 } = endedAfterMs;
  return {
    endedAfterSeconds: { p50: seconds(p50), p90: seconds(p90), p99: seconds(p99) },
    devicesThatRanImage: { ...devicesThatRanImage },
    abortedRuns,
    runs: runs.length,
  };
}
