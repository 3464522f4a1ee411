import { byObject } from "../aws/image-object.js";
import { given } from "../given.js";
import { jobRequestOf } from "../job/job-request.js";
import type { Prices } from "../settings/config-schema.js";
import { type PatchFacts, type PatchPlan, percentOf, savedBytesOf } from "./patches.js";
import type { Plan } from "./plan.js";
import type { Cost, PlanSummary } from "./result.js";

const GIB = 1024 ** 3;

export function summaryOfPlan(plan: Plan, prices: Prices | undefined): PlanSummary {
  const { reach, rolloutTime, images } = plan;
  const { document: _said, ...request } = jobRequestOf(plan.spec, plan);
  return {
    things: reach.unknown === undefined ? reach.things.length : null,
    uploads: byObject(images)
      .filter(([{ isThere }]) => !isThere)
      .map(([{ slot, image }]) => ({ slot, bytes: image.sizeBytes })),
    ...patchesOf(plan.patches),
    exists: plan.existing !== undefined,
    ...(plan.queryGroups.length > 0 && {
      queryGroups: plan.queryGroups.map(({ name, query, exists }) => ({ name, query, exists })),
    }),
    request,
    lastStartSeconds: rolloutTime.lastStartSeconds ?? null,
    cost: costOf(plan, prices),
    warnings: plan.warnings,
  };
}

function patchesOf({ offered, tooLarge, looked }: PatchPlan): Pick<PlanSummary, "patches" | "delta"> {
  const patches = [
    ...offered.map((patch) => ({ ...factsOf(patch), offered: true, upload: !patch.isThere })),
    ...tooLarge.map((patch) => ({ ...factsOf(patch), offered: false, upload: false })),
  ];
  return {
    ...(patches.length > 0 && { patches }),
    ...(looked && { delta: { ...looked, savedBytes: savedBytesOf(offered) } }),
  };
}

function factsOf(patch: PatchFacts) {
  const { slots, from, bytes } = patch;
  const percent = percentOf(patch);
  return {
    slots: [...slots],
    from: from?.name ?? null,
    fromSha256: from?.sha256 ?? null,
    ...given({ things: from?.things }),
    bytes,
    percent,
  };
}

function costOf(
  { reach, spec, images }: Plan,
  { currency, perJobAction, perGibTransferred }: Prices = {},
): Cost {
  const retries = spec.rollout.retries.reduce((sum, { count }) => sum + count, 0);
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
