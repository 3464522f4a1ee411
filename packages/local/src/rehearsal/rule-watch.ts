import { isTerminal, JOB_EXECUTION_STATUSES } from "@fota/shared";
import { isMet } from "../jobs/abort.js";
import type { Job } from "../jobs/job.js";

/** An abort rule that counts all failures. */
export interface AbortRule {
  thresholdPercentage: number;
  minNumberOfExecutedThings: number;
}

const ENDED = JOB_EXECUTION_STATUSES.filter(isTerminal);

/**
 * Finds out in one run which of many abort rules would fire, and after how many devices. The job of the run has no
 * rule itself: until a rule fires, a run with it is the same.
 */
export class RuleWatch {
  readonly #waiting: Set<AbortRule>;
  #ended = 0;
  /** The devices that ran the image when a rule fired, and those in progress, which the abort does not stop. */
  readonly fired = new Map<AbortRule, number>();

  constructor(rules: readonly AbortRule[]) {
    this.#waiting = new Set(rules);
  }

  /** Returns whether all rules have fired. */
  step(counts: Readonly<Job["counts"]>, devicesThatRanImage: number): boolean {
    const ended = ENDED.reduce((sum, status) => sum + counts[status], 0);
    if (ended === this.#ended) return this.#waiting.size === 0;
    this.#ended = ended;
    for (const rule of this.#waiting) {
      if (!isMet({ ...rule, failureType: "ALL" }, counts)) continue;
      this.fired.set(rule, devicesThatRanImage + counts.IN_PROGRESS);
      this.#waiting.delete(rule);
    }
    return this.#waiting.size === 0;
  }
}
