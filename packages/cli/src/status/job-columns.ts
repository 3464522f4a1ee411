import { firmwareText } from "../job/firmware.js";
import { targetNameOf } from "../job/targets.js";
import type { Column } from "../terminal/table.js";
import { statusStyle } from "./fleet.js";
import { outcomeOf } from "./outcome.js";
import type { JobSummary } from "./result.js";

/** What tells jobs apart. Without counts, only what a list of AWS IoT has of the job is known. */
export type JobFace = Pick<
  JobSummary,
  "jobId" | "status" | "continuous" | "version" | "image" | "targets" | "targetsToGo" | "createdAt"
> & { counts?: JobSummary["counts"] | undefined };

/**
 * Returns the columns of every list of jobs. Ids are never cut; the firmware goes first, as ids of fota have it too.
 * `time` writes a time as people read it: relative, or absolute with `utc`, which is no age.
 */
export function faceColumns(time: (iso: string) => string, { utc = false } = {}): Column<JobFace>[] {
  return [
    { name: "job", value: ({ jobId }) => jobId, style: () => "bold" },
    { name: "firmware", value: firmwareText, shrinkTo: 8, dropOrder: 3 },
    { name: "target", value: targetText, shrinkTo: 12, dropOrder: 1 },
    { name: "outcome", value: outcomeText, style: outcomeStyle, shrinkTo: 28 },
    { name: utc ? "created" : "age", value: ({ createdAt }) => ageText(createdAt, time), dropOrder: 2 },
  ];
}

/** `pump-7`, `group:beta (continuous)`, `pump-7 +3`. */
function targetText({ targets, continuous }: JobFace): string {
  const [first, ...others] = targets ?? [];
  if (first === undefined) return continuous ? "continuous" : "";
  const more = others.length === 0 ? "" : ` +${others.length}`;
  return `${targetNameOf(first)}${more}${continuous ? " (continuous)" : ""}`;
}

function outcomeText(job: JobFace): string {
  const { counts, status } = job;
  return counts === undefined ? status : outcomeOf({ ...job, counts }).short;
}

function outcomeStyle(job: JobFace) {
  const { counts, status } = job;
  return counts === undefined ? statusStyle(status) : outcomeOf({ ...job, counts }).style;
}

/** `3 min`: how old something is needs no "ago". */
function ageText(createdAt: string | undefined, time: (iso: string) => string): string {
  return createdAt === undefined ? "" : time(createdAt).replace(/ ago$/, "");
}
