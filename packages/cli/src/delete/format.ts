import { formatObject, oneLine } from "../terminal/format.js";
import type { Paint } from "../terminal/paint.js";
import type { DeletePlan } from "./delete.js";
import type { Deletion } from "./result.js";

const LABEL_WIDTH = 11;

/** Formats the question: what is deleted, what is kept and why, and what that means for devices. */
export function questionOf({ job, force, images }: DeletePlan, columns: number): string {
  const busy = job.counts.queued + job.counts.inProgress;
  const taken =
    force && busy > 0
      ? [busy === 1 ? "1 thing stops and stays on its image" : `${busy} things stop and stay on their image`]
      : [];
  // An image that is the same for several slots is one object, and shown once.
  const fates = images.map(({ slot, isPatch, object, keep }) => {
    const where =
      object === undefined
        ? `the ${isPatch ? "patch" : "image"} for slot ${slot}`
        : formatObject(object, columns - "is deleted".length);
    return keep === undefined ? `${where} is deleted` : `${where} is kept: ${oneLine(keep)}`;
  });
  return [...taken, ...new Set(fates), `delete job ${job.jobId} and its history?`].join("\n");
}

export function formatDeletion(
  { jobId, gone, images, queryGroups = [] }: Deletion,
  paint: Paint,
  columns: number,
): string {
  const head = gone
    ? `${paint("green", "✔")} job ${paint("bold", jobId)} deleted`
    : `${paint("green", "✔")} job ${paint("bold", jobId)} is being deleted: AWS IoT completes that on its own`;
  const lines = images.map(({ slot, patch, bucket, key, removed, because, olderVersions }) => {
    const where =
      bucket === null || key === null
        ? `${patch === true ? "patch" : "image"} for slot ${slot}`
        : formatObject({ bucket, key }, columns - LABEL_WIDTH);
    if (!removed) return `  kept     ${where}\n           ${oneLine(because ?? "")}`;
    const versions = olderVersions
      ? "\n           its bucket keeps versions: it is behind a delete marker"
      : "";
    return `  deleted  ${where}${versions}`;
  });
  return [head, ...new Set(lines), ...queryGroups.map(formatQueryGroup)].join("\n");
}

function formatQueryGroup({
  name,
  query,
  isTarget,
  removal,
}: NonNullable<Deletion["queryGroups"]>[number]): string {
  const why =
    isTarget === null
      ? "the jobs that have it as a target cannot be listed"
      : isTarget
        ? "other jobs have it as a target"
        : `no other job has it as a target; to delete it:\n           ${removal}`;
  return `  kept     group ${name} of query:${oneLine(query)}\n           ${why}`;
}
