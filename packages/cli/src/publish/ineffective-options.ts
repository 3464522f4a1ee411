import { ROLLOUT_MAX_PER_MINUTE } from "@fota/shared";
import type { JobSpec } from "../job/job-spec.js";
import { isOpen, type Reach } from "../job/reach.js";
import { abortRuleText } from "../job/rollout.js";
import { formatTargets } from "../job/targets.js";
import { minutesToReach } from "./rollout-time.js";

/** Returns warnings about options that AWS accepts but that have no effect. */
export function ineffectiveOptions(
  spec: Pick<JobSpec, "continuous" | "schedule" | "targets" | "makeGroup" | "rollout">,
  { things, unknown }: Pick<Reach, "things" | "unknown">,
  now: Date,
): string[] {
  const warnings: string[] = [];
  const open = isOpen(spec);
  if (spec.continuous && !open && spec.schedule.windows.length === 0) {
    const instead = spec.schedule.end === undefined ? ", but the job never completes" : "";
    warnings.push(
      `--continuous has no effect: nothing can join ${formatTargets(spec.targets).join(", ")} later${instead}`,
    );
  }
  if (open || unknown !== undefined) return warnings;
  const count = countOf(things);
  for (const rule of spec.rollout.abortOn) {
    if (rule.minThings <= things.length) continue;
    warnings.push(`--abort-on "${abortRuleText(rule)}" never cancels the job: it has ${count}`);
  }
  const { ramp } = spec.rollout;
  if (ramp !== undefined && ramp.every >= things.length) {
    warnings.push(
      `--ramp never gets faster: the first step is after ${ramp.every} things, the job has ${count}`,
    );
  }
  const { start = now, end, windows } = spec.schedule;
  const minutes = minutesToReach(things.length, spec.rollout);
  const minutesLeft = end === undefined ? minutes : Math.floor((end.getTime() - start.getTime()) / 60_000);
  if (windows.length === 0 && minutes > minutesLeft) {
    warnings.push(`--end comes ${minutesLeft} min after the start: reaching ${count} takes ${minutes} min`);
  }
  return warnings;
}

/**
 * Returns a warning about abort rules of a job whose things all have it before a rule can apply: the rules save no
 * thing. A rule applies when enough executions have ended, and AWS IoT gives the job to the things of a minute together.
 */
export function abortWithoutRate(
  { rollout: { abortOn, ratePerMinute, ramp } }: Pick<JobSpec, "rollout">,
  { things, unknown }: Pick<Reach, "things" | "unknown">,
): string[] {
  const isKnown = unknown === undefined;
  const highest = ratePerMinute ?? ROLLOUT_MAX_PER_MINUTE;
  // With a bad image, a ramp hardly gets faster.
  const perMinute = ramp === undefined ? highest : Math.min(highest, ramp.basePerMinute);
  const isTooLate = (minThings: number) =>
    perMinute === ROLLOUT_MAX_PER_MINUTE ||
    (isKnown && Math.ceil(minThings / perMinute) * perMinute >= things.length);
  const rule = abortOn.find(
    ({ minThings }) => (!isKnown || minThings < things.length) && isTooLate(minThings),
  );
  if (rule === undefined) return [];
  const all = isKnown ? `all ${countOf(things)}` : "all things";
  const isLimited = ratePerMinute !== undefined || ramp !== undefined;
  const when =
    !isKnown || things.length > ROLLOUT_MAX_PER_MINUTE
      ? `get the job at ${ROLLOUT_MAX_PER_MINUTE} a minute`
      : isLimited
        ? "have the job before it can apply"
        : "get the job at once";
  const remedy = isLimited ? `Lower ${ramp === undefined ? "--rate" : "--ramp"}` : "Add --rate or --ramp";
  return [`--abort-on "${abortRuleText(rule)}" saves few things: ${all} ${when}. ${remedy}`];
}

function countOf(things: readonly string[]): string {
  return things.length === 1 ? "1 thing" : `${things.length} things`;
}
