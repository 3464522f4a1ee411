export const TRIAL_FAILURES = ["boot", "self-test", "hang"] as const;
/** What goes wrong when an image is on trial. */
export type TrialFailure = (typeof TRIAL_FAILURES)[number];
