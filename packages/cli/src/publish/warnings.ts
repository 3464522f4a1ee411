/** Lists the codes of the warnings about a job to create. Scripts depend on them, so a code is never renamed. */
export const WARNING_CODES = [
  "OPTION_RENAMED",
  "OPTION_INEFFECTIVE",
  "ABORT_WITHOUT_RATE",
  "URL_SHORTENED",
  "PATCH_MISSING",
  "SAME_IMAGE",
  "ROLE_NOT_CHECKED",
  "PACKAGE_DOUBTFUL",
  "LEGACY_DEVICES",
  "QUEUE_FULL",
  "LIKELY_REFUSED",
  "LIKELY_REPEATED",
  "THINGS_UNKNOWN",
  "THINGS_LEFT_OUT",
  "JOB_NOT_PROVEN",
] as const;

/** Warns about a job to create. `message` is for people. */
export interface Warning {
  code: (typeof WARNING_CODES)[number];
  message: string;
}

/** Returns the texts as warnings of one kind. */
export function warningsOf(code: Warning["code"], messages: readonly string[]): Warning[] {
  return messages.map((message) => ({ code, message }));
}
