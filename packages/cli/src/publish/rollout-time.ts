import { ROLLOUT_MAX_PER_MINUTE } from "@fota/shared";
import type { JobSpec } from "../job/job-spec.js";
import { isOpen } from "../job/reach.js";
import type { Rollout } from "../job/rollout.js";

/** Holds the longest known time from a publish until its last device can start. */
export interface RolloutTime {
  /** `undefined` when there is no limit, as for a group that things may join. */
  lastStartSeconds: number | undefined;
  /** Explains the time in sentences. */
  because: string[];
}

/**
 * Computes when the last of `things` can start: after the start of the schedule, after the rate has reached it, and
 * after the retries before. A device that is off takes longer, for an unknown time.
 */
export function rolloutTime(
  things: number,
  spec: Pick<JobSpec, "rollout" | "schedule" | "continuous" | "targets" | "makeGroup">,
  now: Date,
): RolloutTime {
  const { rollout, schedule } = spec;
  const noLimit = whyNoLimit(spec);
  if (noLimit !== undefined) {
    const { end } = schedule;
    return end === undefined
      ? { lastStartSeconds: undefined, because: [`${noLimit} at any time`] }
      : { lastStartSeconds: secondsBetween(now, end), because: [`${noLimit} until --end`] };
  }
  const because: string[] = [];
  let seconds = 0;
  if (schedule.start !== undefined) {
    seconds += secondsBetween(now, schedule.start);
    because.push(`it starts at ${schedule.start.toISOString().slice(0, 16)}Z`);
  }
  const rolloutMinutes = minutesToReach(things, rollout);
  if (rolloutMinutes > 1) because.push(`reaching ${things} things takes ${rolloutMinutes} min`);
  seconds += rolloutMinutes * 60;
  const retrySeconds = secondsOfRetries(rollout);
  if (retrySeconds > 0) because.push("each retry waits for the --thing-timeout before it");
  seconds += retrySeconds;
  const { end } = schedule;
  if (end === undefined) return { lastStartSeconds: seconds, because };
  return { lastStartSeconds: Math.min(seconds, secondsBetween(now, end)), because };
}

function whyNoLimit(spec: Parameters<typeof rolloutTime>[1]): string | undefined {
  if (isOpen(spec)) return "things may join the group";
  return spec.schedule.windows.length > 0 ? "its windows come back" : undefined;
}

/** Returns the minutes until the last of `things` gets its execution; 0 if the first minute reaches all of them. */
export function minutesToReach(things: number, rollout: Pick<Rollout, "ratePerMinute" | "ramp">): number {
  if (rollout.ramp === undefined) {
    return Math.max(0, Math.ceil(things / (rollout.ratePerMinute ?? ROLLOUT_MAX_PER_MINUTE)) - 1);
  }
  let minutes = 0;
  for (const reached of reachedByMinute(rollout)) {
    if (reached >= things) break;
    minutes += 1;
  }
  return minutes;
}

/** Yields how many things the rollout has reached at the start of each minute, without end. */
export function* reachedByMinute({
  ratePerMinute,
  ramp,
}: Pick<Rollout, "ratePerMinute" | "ramp">): Generator<number, never> {
  const highest = ratePerMinute ?? ROLLOUT_MAX_PER_MINUTE;
  let reached = 0;
  for (;;) {
    // Assume that each thing succeeds as soon as it is reached: nothing better is known.
    const steps = ramp === undefined ? 0 : Math.floor(reached / ramp.every);
    const rate =
      ramp === undefined ? highest : Math.floor(ramp.basePerMinute * ramp.factor ** Math.min(steps, 100));
    reached += Math.min(highest, rate);
    yield reached;
  }
}

/**
 * Returns the time of all retries: each follows an attempt that used its whole --thing-timeout; without a timeout,
 * nothing is known.
 */
function secondsOfRetries({ retries, timeoutMinutes = 0 }: Rollout): number {
  return retries.reduce((sum, { count }) => sum + count, 0) * timeoutMinutes * 60;
}

function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, Math.ceil((to.getTime() - from.getTime()) / 1000));
}
