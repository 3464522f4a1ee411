import { ROLLOUT_MAX_PER_MINUTE } from "@fota/shared";
import type { JobSpec } from "../job/job-spec.js";
import { abortRuleText } from "../job/rollout.js";
import { formatTargets } from "../job/targets.js";
import { isOpen, type Reach } from "./reach.js";
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
 * Returns a warning about abort rules of a job that all its things get at once: until enough of them have failed, the
 * others have started too, so the rules save no thing.
 */
export function abortWithoutRate(
  { rollout: { abortOn, ratePerMinute, ramp } }: Pick<JobSpec, "rollout">,
  { things, unknown }: Pick<Reach, "things" | "unknown">,
): string[] {
  if (ratePerMinute !== undefined || ramp !== undefined) return [];
  const isKnown = unknown === undefined;
  const [rule] = abortOn.filter(({ minThings }) => !isKnown || minThings < things.length);
  if (rule === undefined) return [];
  const all = isKnown ? `all ${countOf(things)}` : "all things";
  const speed =
    isKnown && things.length <= ROLLOUT_MAX_PER_MINUTE ? "at once" : `at ${ROLLOUT_MAX_PER_MINUTE} a minute`;
  return [
    `--abort-on "${abortRuleText(rule)}" saves few things: ${all} get the job ${speed}. Add --rate or --ramp`,
  ];
}

function countOf(things: readonly string[]): string {
  return things.length === 1 ? "1 thing" : `${things.length} things`;
}
