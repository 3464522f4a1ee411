import { FotaError } from "@fota/shared";
import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { checkJobText, onJob } from "../find-job/on-job.js";
import { type GroupName, type LearnedFleet, learnFleet } from "./learn-fleet.js";
import type { ObservedJob } from "./observed.js";
import { readObservedJob } from "./read-observed.js";

/** Holds what `--learn` found. */
export interface Learned extends LearnedFleet {
  jobIds: string[];
}

const EVERY_DEVICE = "all";

/**
 * Learns the fleet from jobs that devices have carried out.
 * @throws {FotaError} JOB_NOT_FOUND; USAGE for a job without an update that succeeded
 */
export async function learnFromJobs(context: Context, texts: readonly string[]): Promise<Learned> {
  for (const text of texts) checkJobText(text);
  const jobs = await context.output.during("reading the jobs", (progress) =>
    withIot(context, async (iot) => {
      const found = new Map<string, ObservedJob>();
      for (const text of texts) {
        const job = await onJob(context, iot, text, (jobId) => readObservedJob(iot, jobId, progress));
        found.set(job.jobId, job);
      }
      return [...found.values()];
    }),
  );
  const learned = learnFleet(jobs, groupByModelAndVersion(jobs));
  const jobIds = jobs.map(({ jobId }) => jobId);
  if (learned.groups.length > 0) return { ...learned, jobIds };
  throw new FotaError("USAGE", `no update succeeded in ${jobIds.join(", ")}, so there is nothing to learn`, {
    hint: "learn from a job that has ended well, or describe the devices in a file: --fleet fleet.json",
  });
}

/** Names the group of a device by the model of the image, and by the version that an earlier one of the jobs installed. */
function groupByModelAndVersion(jobs: readonly ObservedJob[]): GroupName {
  const installed = new Map<string, { atMs: number; version: string }[]>();
  for (const { version, executions } of jobs) {
    if (version === undefined) continue;
    for (const { thing, status, lastUpdatedMs } of executions) {
      if (status !== "SUCCEEDED") continue;
      const known = installed.get(thing) ?? [];
      installed.set(
        thing,
        [...known, { atMs: lastUpdatedMs, version }].sort((a, b) => a.atMs - b.atMs),
      );
    }
  }
  return ({ model }, { thing, queuedMs }) => {
    const before = installed
      .get(thing)
      ?.filter(({ atMs }) => atMs <= queuedMs)
      .at(-1);
    const parts = [model, before === undefined ? undefined : `runs ${before.version}`];
    return parts.filter((part) => part !== undefined).join(" ") || EVERY_DEVICE;
  };
}
