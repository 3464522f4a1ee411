import type { FirmwareEnd } from "./firmware-process.js";
import type { NextBoot } from "./next-boot.js";
import type { Hang } from "./watch.js";

const REVERT_REASONS = {
  empty: "is empty",
  rotten: "has changed since it was confirmed",
  "not confirmed": "was not confirmed",
  "not counted": "cannot boot on trial, because the boot record cannot be written",
};

/** Returns a log line about the next boot and about the slot that it reverts from, if any. */
export function describeBoot({ slot, trial, reverted, rotten }: NextBoot): string {
  if (rotten === true) {
    return `slot ${slot} HAS CHANGED since it was confirmed; booting it anyway, there is no other intact image`;
  }
  if (reverted === undefined) return `slot ${slot}${trial ? " on trial" : ""}`;
  return `slot ${reverted.slot} ${REVERT_REASONS[reverted.why]}; reverting to slot ${slot}`;
}

/** Returns a log line about why a boot failed. */
export function describeFailure(
  slot: number,
  hang: Hang | undefined,
  end: FirmwareEnd,
  { confirmWithinMs, heartbeatMs = 0 }: { confirmWithinMs: number; heartbeatMs: number | undefined },
): string {
  if (hang === "not confirmed") return `slot ${slot} was not confirmed within ${confirmWithinMs / 1000} s`;
  if (hang === "silent") return `slot ${slot} sent no heartbeat for ${heartbeatMs / 1000} s`;
  if (end.kind === "reset") return `slot ${slot} reset before it was confirmed`;
  return `slot ${slot} failed on trial (${end.description})`;
}
