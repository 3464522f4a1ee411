/** The counts of a job that no thing has. */
export const NO_COUNTS = {
  queued: 0,
  inProgress: 0,
  succeeded: 0,
  failed: 0,
  timedOut: 0,
  rejected: 0,
  removed: 0,
  canceled: 0,
};
