import type { FleetThing } from "./result.js";
import type { VersionTest } from "./version-range.js";

/** Says which things of the fleet to read; all conditions must hold. */
export interface FleetFilter {
  version?: VersionTest | undefined;
  model?: string | undefined;
  /** Only the things in this group and in the groups below it. */
  group?: string | undefined;
  /** Only things with no sign of life since this time, or none at all. */
  notSeenSince?: Date | undefined;
  /** Only things that lag. */
  stragglers?: boolean | undefined;
}

/** Returns whether a thing matches all conditions but the group, which its reader checks. */
export function matchesFilter(thing: FleetThing, filter: FleetFilter): boolean {
  const { version, model, notSeenSince, stragglers } = filter;
  return (
    (version === undefined || version(thing.version)) &&
    (model === undefined || thing.model === model) &&
    (notSeenSince === undefined || !isSeenSince(thing, notSeenSince)) &&
    (stragglers !== true || thing.lags !== undefined)
  );
}

function isSeenSince({ lastSeen }: FleetThing, since: Date): boolean {
  return lastSeen !== undefined && new Date(lastSeen) >= since;
}
