import type { Fleet } from "../fleet/result.js";

/** Holds how many things of the account run each version. */
interface Versions {
  things: number;
  /** Counts the things that run the version of the job; `undefined` if the job names none. */
  onVersion: number | undefined;
  /** The version of the job first, then the most frequent ones, then all others together. */
  parts: readonly { label: string; things: number; isOfJob: boolean }[];
}

/** Holds what the things of the account run, and the command that shows more. */
export interface FleetOfReport {
  /** `undefined` if no index tells. */
  versions: Versions | undefined;
  command: string;
}

/** More parts would be too narrow to tell apart. */
const PARTS_MAX = 5;

/** Returns the distribution of versions. @param version what the job installs */
export function versionsOf({ things, versions }: Fleet, version: string | undefined): Versions {
  const parts = versions
    .map((each) => ({
      label: each.version ?? "unknown",
      things: each.things,
      isOfJob: version !== undefined && each.version === version,
    }))
    .sort((a, b) => Number(b.isOfJob) - Number(a.isOfJob) || b.things - a.things);
  const shown = parts.slice(0, PARTS_MAX);
  const others = parts.slice(PARTS_MAX).reduce((sum, each) => sum + each.things, 0);
  return {
    things,
    onVersion: version === undefined ? undefined : (parts.find(({ isOfJob }) => isOfJob)?.things ?? 0),
    parts: others === 0 ? shown : [...shown, { label: "other versions", things: others, isOfJob: false }],
  };
}
