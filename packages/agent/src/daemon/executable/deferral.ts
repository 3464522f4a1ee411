/** Exit code of an executable that wants to be run again later (EX_TEMPFAIL in sysexits.h). */
export const DEFER_EXIT_CODE = 75;

const DEFAULT_SECONDS = 60;
/** An executable that defers is asked at least once a day. */
const MAX_SECONDS = 86_400;

export interface Deferral {
  deferMs: number;
  why: string;
}

/**
 * Reads a deferral from the first line of the output: seconds, then the reason. Without seconds, the whole line is the
 * reason, and the time is one minute. The time is 1 second to 1 day.
 */
export function parseDeferral(line: string): Deferral {
  const [, digits, rest] = /^(\d{1,9})(?:\s+(.*))?$/.exec(line) ?? [];
  const seconds = Math.min(Math.max(Number(digits ?? DEFAULT_SECONDS), 1), MAX_SECONDS);
  return { deferMs: seconds * 1000, why: (digits === undefined ? line : rest) || "no reason given" };
}
