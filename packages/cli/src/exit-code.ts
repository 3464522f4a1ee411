import { type ErrorCode, USAGE_ERROR_CODES } from "@fota/shared";

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  thingsFailed: 3,
  bug: 70,
  waiting: 75,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "done",
  failed: "failed",
  usage: "wrong usage",
  thingsFailed:
    "the job ended with things that did not succeed, or reached none (--wait); a gate of the rollout closed",
  bug: "a bug in fota",
  waiting: "the rollout has not ended (--once)",
  interrupted: "interrupted",
};

const USAGE_CODES: ReadonlySet<ErrorCode> = new Set(USAGE_ERROR_CODES);

export function exitCodeOf(code: ErrorCode): ExitCode {
  if (code === "INTERRUPTED") return EXIT.interrupted;
  return USAGE_CODES.has(code) ? EXIT.usage : EXIT.failed;
}
