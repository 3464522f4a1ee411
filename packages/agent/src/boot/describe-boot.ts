import type { FirmwareEnd } from "./firmware-process.js";
import type { NextBoot } from "./next-boot.js";
import type { Hang } from "./watch.js";

const GIVEN_UP = {
  empty: "is empty",
  rotten: "has changed since it was confirmed",
  "not confirmed": "was not confirmed",
  "not counted": "cannot be tried, as that boot would not be counted",
};

/** For people: what boots, and what was given up for it. */
export function describeBoot({ slot, trial, reverted, rotten }: NextBoot): string {
  if (rotten === true) {
    return `slot ${slot} HAS CHANGED since it was confirmed, and boots as there is no other whole image`;
  }
  if (reverted === undefined) return `slot ${slot}${trial ? " on trial" : ""}`;
  return `slot ${reverted.slot} ${GIVEN_UP[reverted.why]}, back to slot ${slot}`;
}

/** For people: why a boot has ended as it did. */
export function describeFailure(
  slot: number,
  hang: Hang | undefined,
  end: FirmwareEnd,
  { confirmWithinMs, heartbeatMs = 0 }: { confirmWithinMs: number; heartbeatMs: number | undefined },
): string {
  if (hang === "not confirmed") return `slot ${slot} was not confirmed within ${confirmWithinMs / 1000} s`;
  if (hang === "silent") return `slot ${slot} gave no heartbeat for ${heartbeatMs / 1000} s`;
  if (end.kind === "reset") return `slot ${slot} reset without a confirm`;
  return `slot ${slot} died on trial (${end.how})`;
}
