import type { ThingSummary } from "../status/result.js";

/** Returns how long an execution took or has been in progress, in seconds; `undefined` if it has not started. */
export function durationSeconds(
  { status, startedAt, lastUpdatedAt }: ThingSummary,
  nowMs: number,
): number | undefined {
  if (startedAt === undefined) return undefined;
  const endMs =
    status === "IN_PROGRESS" ? nowMs : lastUpdatedAt === undefined ? undefined : Date.parse(lastUpdatedAt);
  return endMs === undefined ? undefined : Math.max(0, (endMs - Date.parse(startedAt)) / 1000);
}

/** A unit of durations that keeps their numbers short. */
export interface DurationUnit {
  name: "s" | "min" | "h" | "days";
  seconds: number;
}

/** Returns the unit in which such a duration is a number of one to three digits. */
export function unitOf(seconds: number): DurationUnit {
  if (seconds < 120) return { name: "s", seconds: 1 };
  if (seconds < 7_200) return { name: "min", seconds: 60 };
  return seconds < 172_800 ? { name: "h", seconds: 3_600 } : { name: "days", seconds: 86_400 };
}
