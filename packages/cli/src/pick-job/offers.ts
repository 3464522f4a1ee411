import type { JobStatus } from "@fota/shared";
import type { ListedJobResult } from "../list/result.js";

/** Says which jobs a command can work on. */
export type OfferKind = "any" | "cancelable" | "deletable" | "failed" | "unsuccessful" | "succeeded";

export interface Offer {
  /** Lists the statuses of these jobs; empty for all. */
  statuses: readonly JobStatus[];
  /** Returns whether the command can work on a job. A job whose counts could not be read is accepted. */
  accepts(job: ListedJobResult): boolean;
  /** Limits the jobs that are read: the counts of each take a request. */
  readMax: number;
  /** Says in an error that there is no such job; absent where that means no job at all. */
  none?: string;
}

export const JOBS_SHOWN_MAX = 10;
/** Takes three seconds at AWS's limit of ten requests per second. */
const COUNTED_MAX = 30;

const hasAny = (keys: readonly (keyof NonNullable<ListedJobResult["counts"]>)[]): Offer["accepts"] => {
  return ({ counts, status }) =>
    status !== "DELETION_IN_PROGRESS" && (counts === undefined || keys.some((key) => counts[key] > 0));
};

export const OFFERS: Readonly<Record<OfferKind, Offer>> = {
  any: { statuses: [], accepts: () => true, readMax: JOBS_SHOWN_MAX },
  cancelable: {
    statuses: ["IN_PROGRESS", "SCHEDULED"],
    accepts: () => true,
    readMax: JOBS_SHOWN_MAX,
    none: "no job is in progress or scheduled, so there is none to cancel",
  },
  deletable: {
    statuses: ["COMPLETED", "CANCELED"],
    accepts: ({ counts }) => counts === undefined || counts.inProgress === 0,
    readMax: JOBS_SHOWN_MAX,
    none: "no job has ended, so there is none to delete without --force",
  },
  failed: {
    statuses: [],
    accepts: hasAny(["failed", "timedOut"]),
    readMax: COUNTED_MAX,
    none: `no job failed among the newest ${COUNTED_MAX}, so there is none to retry`,
  },
  unsuccessful: {
    statuses: [],
    accepts: hasAny(["failed", "timedOut", "rejected", "removed", "canceled"]),
    readMax: COUNTED_MAX,
    none: `all of the newest ${COUNTED_MAX} jobs succeeded, so there is none to retry`,
  },
  succeeded: {
    statuses: ["COMPLETED", "IN_PROGRESS"], // a continuous job is never COMPLETED
    accepts: ({ counts }) =>
      counts === undefined || (counts.succeeded > 0 && counts.queued + counts.inProgress === 0),
    readMax: COUNTED_MAX,
    none: `no job succeeded among the newest ${COUNTED_MAX}, so there is none to promote without --force`,
  },
};
