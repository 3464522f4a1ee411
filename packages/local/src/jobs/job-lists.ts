import type { JobStatus } from "@fota/shared";
import { listOf } from "../listing/indexes.js";
import { type InOrder, type KeysOf, withKeys } from "../listing/list-index.js";
import type { Job, TargetSelection } from "./job.js";
import type { World } from "./world.js";

const byStatus: KeysOf<Job> = ({ status }) => [status];
const bySelection: KeysOf<Job> = ({ targetSelection }) => [targetSelection];
const byTarget: KeysOf<Job> = ({ targets }) => targets;

export interface JobFilter {
  status: JobStatus | undefined;
  selection: TargetSelection | undefined;
  /** One of the job's targets. */
  targetArn: string | undefined;
}

/** Returns the jobs that have what is given. */
export function listJobs({ jobs }: World, { status, selection, targetArn }: JobFilter): InOrder<Job> {
  return withKeys(listOf(jobs), [
    ...(status === undefined ? [] : [[byStatus, status] as const]),
    ...(selection === undefined ? [] : [[bySelection, selection] as const]),
    ...(targetArn === undefined ? [] : [[byTarget, targetArn] as const]),
  ]);
}
