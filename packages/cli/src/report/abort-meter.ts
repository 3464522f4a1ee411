import type { AbortRule } from "../status/result.js";

/** Holds an abort rule with the number of failures that are left until it cancels the job. */
export interface AbortMeter extends AbortRule {
  /** Counts further failures in a row, with no success between them; 0 if the rule is met. */
  failuresLeft: number;
}

/** Adds to a rule how many further failures meet it. */
export function abortMeterOf(rule: AbortRule): AbortMeter {
  const { failures, ended, minEnded, thresholdPercent } = rule;
  const share = thresholdPercent / 100;
  // `n` more failures meet the rule if (failures + n) / (ended + n) >= share and ended + n >= minEnded.
  const forShare =
    share >= 1 ? (failures === ended ? 0 : Infinity) : (share * ended - failures) / (1 - share);
  const left = Math.max(0, Math.ceil(Math.max(forShare, minEnded - ended) - 1e-9));
  return { ...rule, failuresLeft: rule.met ? 0 : Math.max(1, left) };
}
