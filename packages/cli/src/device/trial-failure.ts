export const TRIAL_FAILURES = ["boot", "self-test", "hang"] as const;
/** Names what fails while an image is on trial. */
export type TrialFailure = (typeof TRIAL_FAILURES)[number];
