import type { Prices } from "../config-file.js";
import { jobRequestOf } from "./job-request.js";
import type { Plan } from "./plan.js";

const GIB = 1024 ** 3;

/** What `fota publish --dry-run --json` says of the plan beside the result. */
export interface PlanSummary {
  /** `null`: not all of them can be counted. */
  things: number | null;
  /** What S3 does not have yet. */
  uploads: { slot: number; bytes: number }[];
  /** The job exists already: nothing would be done. */
  exists: boolean;
  /** The job as AWS IoT would be asked for it, but for the document. */
  request: Record<string, unknown>;
  /** When the last device could start, seconds from now; `null`: there is no such time. */
  lastStartSeconds: number | null;
  cost: Cost;
  warnings: string[];
}

/** What a publish uses at most of what AWS charges for, and what that costs where prices are known. */
export interface Cost {
  /** One for each execution: a thing that is retried counts again. */
  jobActions: number;
  /** Bytes that things download, each the image for its slot. */
  transferBytes: number;
  currency: string | null;
  jobActionsPrice: number | null;
  transferPrice: number | null;
}

export function summaryOfPlan(plan: Plan, prices: Prices | undefined): PlanSummary {
  const { reach, rolloutTime, images } = plan;
  const { document: _said, ...request } = jobRequestOf(plan.order, plan);
  return {
    things: reach.unknown === undefined ? reach.things.length : null,
    uploads: images
      .filter(({ isThere }) => !isThere)
      .map(({ slot, image }) => ({ slot, bytes: image.sizeBytes })),
    exists: plan.existing !== undefined,
    request,
    lastStartSeconds: rolloutTime.lastStartSeconds ?? null,
    cost: costOf(plan, prices),
    warnings: plan.warnings,
  };
}

function costOf(
  { reach, order, images }: Plan,
  { currency, perJobAction, perGibTransferred }: Prices = {},
): Cost {
  const retries = order.rollout.retries.reduce((sum, { count }) => sum + count, 0);
  const jobActions = reach.things.length * (1 + retries);
  const transferBytes = jobActions * Math.max(...images.map(({ image }) => image.sizeBytes));
  const isPriced = perJobAction !== undefined || perGibTransferred !== undefined;
  return {
    jobActions,
    transferBytes,
    currency: isPriced ? (currency ?? "USD") : null,
    jobActionsPrice: perJobAction === undefined ? null : jobActions * perJobAction,
    transferPrice: perGibTransferred === undefined ? null : (transferBytes / GIB) * perGibTransferred,
  };
}
