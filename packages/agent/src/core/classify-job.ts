import { isFotaDocument, type JobExecutionStatus, messageOf } from "@fota/shared";
import { type OrderRules, targetsIn } from "./check-document.js";
import type { BootRecord, Device } from "./ports.js";
import { checkSignedDocument, trustedOrdersIn } from "./trust.js";
import type { BootFacts, ExecutionRef, UpdateEvent, UpdateTarget } from "./update-state.js";

/** A described job execution, as far as it is judged. */
export interface JudgedJob {
  jobId: string;
  executionNumber: number;
  version: number;
  status: JobExecutionStatus;
  document: unknown;
}

/** How the device stands, in the terms of the machine. */
export function bootOf({ runningSlot, currentSlot, workingSlot }: BootRecord): BootFacts["boot"] {
  if (runningSlot !== currentSlot) return "resetDue";
  return runningSlot === workingSlot ? "settled" : "onTrial";
}

/**
 * What a pending job means for a device with no update under way: an event for the machine, another kind of job, or
 * nothing yet. `runs` says whether the running slot holds an ordered image. Rejects only when `runs` does.
 */
export async function classifyJob(
  job: JudgedJob,
  device: Pick<Device, "slots">,
  rules: OrderRules,
  runs: (order: UpdateTarget) => Promise<boolean>,
): Promise<UpdateEvent | "foreign" | "later"> {
  const { jobId, executionNumber, version: versionNumber, document } = job;
  if (!isFotaDocument(document)) return "foreign";
  const execution: ExecutionRef = { jobId, executionNumber, versionNumber };
  let record: BootRecord;
  try {
    record = await device.slots.record();
  } catch (error) {
    const failure = { phase: "starting", reason: "slot-failed", detail: messageOf(error) } as const;
    return { type: "orderRefused", execution, failure };
  }
  const boot = bootOf(record);
  const decision = await checkSignedDocument(document, record, rules);
  if (job.status === "QUEUED") {
    // The slot that is free of use now is the one to fall back to until the image on trial is confirmed.
    if (boot !== "settled" || decision.kind === "not-fota") return "later";
    const own = decision.kind === "order" ? targetsIn(document) : await trustedOrdersIn(document, rules);
    for (const order of own) {
      // A running slot that cannot be read is one more reason for the update.
      if (await runs(order).catch(() => false)) return { type: "alreadyRuns", execution, order };
    }
    if (decision.kind === "refused") return { type: "orderRefused", execution, failure: decision.failure };
    return { type: "ordered", execution, order: decision.order };
  }
  if (job.status !== "IN_PROGRESS") return "later";
  const orders = targetsIn(document);
  for (const order of orders) {
    if (await runs(order)) return { type: "orderFound", execution, order, image: "ordered", boot };
  }
  const [order] = orders;
  if (order !== undefined) {
    return boot === "resetDue" ? "later" : { type: "orderFound", execution, order, image: "other", boot };
  }
  return decision.kind === "refused"
    ? { type: "orderRefused", execution, failure: decision.failure }
    : "later";
}
