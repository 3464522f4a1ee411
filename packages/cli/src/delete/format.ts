import type { Paint } from "../paint.js";
import type { DeletePlan } from "./delete.js";
import type { Deletion } from "./result.js";

/** What is asked before: what goes, what is kept and why, and what it means for devices. */
export function questionOf({ job, force, images }: DeletePlan): string {
  const busy = job.counts.queued + job.counts.inProgress;
  const taken = force && busy > 0 ? [`${things(busy)} lose it: they stay on the image that they run`] : [];
  const fates = images.map(({ slot, object, keep }) => {
    const where = object === undefined ? `the image for slot ${slot}` : `s3://${object.bucket}/${object.key}`;
    return keep === undefined ? `${where} is deleted` : `${where} is kept: ${keep}`;
  });
  return [...taken, ...fates, `delete job ${job.jobId}, what it says of its things, and its history?`].join(
    "\n",
  );
}

export function formatDeletion({ jobId, gone, images }: Deletion, paint: Paint): string {
  const head = gone
    ? `${paint("green", "✔")} job ${paint("bold", jobId)} deleted`
    : `${paint("green", "✔")} job ${paint("bold", jobId)} is being deleted: AWS IoT goes on with it by itself`;
  const lines = images.map(({ slot, bucket, key, removed, because, olderVersions }) => {
    const where = bucket === null ? `image for slot ${slot}` : `s3://${bucket}/${key}`;
    if (!removed) return `  kept     ${where}${because === undefined ? "" : `: ${because}`}`;
    const versions = olderVersions ? "; its bucket keeps older versions, behind a delete marker" : "";
    return `  deleted  ${where}${versions}`;
  });
  return [head, ...lines].join("\n");
}

function things(count: number): string {
  return count === 1 ? "1 thing" : `${count} things`;
}
