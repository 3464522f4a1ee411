import type { ErrorCode } from "@fota/shared";

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  thingsFailed: 3,
  bug: 70,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "done",
  failed: "failed",
  usage: "wrong usage",
  thingsFailed: "the job ended with things that did not succeed (--wait)",
  bug: "a bug in fota",
  interrupted: "interrupted",
};

/** What the person typed, on the command line or in fota.config.json. */
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set([
  "USAGE",
  "CONFIG_INVALID",
  "ENDPOINT_INVALID",
  "TARGET_INVALID",
  "TOO_MANY_TARGETS",
  "SLOT_INVALID",
  "JOB_ID_INVALID",
  "EXPIRES_INVALID",
  "VERSION_INVALID",
  "ROLLOUT_INVALID",
]);

export function exitCodeOf(code: ErrorCode): ExitCode {
  if (code === "INTERRUPTED") return EXIT.interrupted;
  return USAGE_CODES.has(code) ? EXIT.usage : EXIT.failed;
}
