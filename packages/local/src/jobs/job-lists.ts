import type { JobStatus } from "@fota/shared";
import { listOf } from "../listing/indexes.js";
import { keyKind } from "../listing/key-lists.js";
import { type InOrder, withAll } from "../listing/list-index.js";
import type { Job, TargetSelection } from "./job.js";
import type { World } from "./world.js";

const byStatus = keyKind<Job>(
  ({ status }) => [status],
  ({ status }, key) => status === key,
);
const bySelection = keyKind<Job>(
  ({ targetSelection }) => [targetSelection],
  ({ targetSelection }, key) => targetSelection === key,
);
const byTarget = keyKind<Job>(
  ({ targets }) => targets,
  ({ targets }, key) => targets.includes(key),
);

export interface JobFilter {
  status: JobStatus | undefined;
  selection: TargetSelection | undefined;
  /** One of the job's targets. */
  targetArn: string | undefined;
}

/** Returns the jobs that have what is given. */
export function listJobs({ jobs }: World, { status, selection, targetArn }: JobFilter): InOrder<Job> {
  return withAll(listOf(jobs), [
    ...(status === undefined ? [] : [{ kind: byStatus, key: status }]),
    ...(selection === undefined ? [] : [{ kind: bySelection, key: selection }]),
    ...(targetArn === undefined ? [] : [{ kind: byTarget, key: targetArn }]),
  ]);
}
