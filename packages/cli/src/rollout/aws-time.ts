import type { Cloud } from "../aws/cloud.js";
import { wallClockMs } from "../wall-clock.js";

/** Returns the time by AWS's clock: a soak that began on another machine ends at the same time here. */
export function awsNow({ access }: Cloud): Date {
  return new Date(wallClockMs() - (access.clock.aheadSeconds() ?? 0) * 1000);
}

/** Formats a time as in `2026-12-01T14:00:00Z`. */
export function isoSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
