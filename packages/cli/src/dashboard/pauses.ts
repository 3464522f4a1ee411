/** Pauses between reads in milliseconds. */
export interface Pauses {
  /** Of counts, which take a request or two. */
  counts: number;
  /** Of lists and explanations, if nothing counted has changed. */
  unchanged: number;
  /** Of the versions of the fleet. */
  fleet: number;
  /** Of the reports of things in progress that a page shows; each takes a request. */
  reports: number;
}

/** AWS's quotas of requests are per account, so others must not feel that a dashboard is open. */
export const AWS_PAUSES: Pauses = { counts: 3_000, unchanged: 60_000, fleet: 60_000, reports: 20_000 };
export const LOCAL_PAUSES: Pauses = { counts: 500, unchanged: 5_000, fleet: 5_000, reports: 1_000 };
