import { isFotaDocument, type JobExecutionStatus, messageOf } from "@fota/shared";
import { checkDocument, type DocumentRules, targetsIn, trustedTargetsIn } from "./check-document.js";
import type { BootRecord, Device } from "./ports.js";
import type { BootFacts, ExecutionRef, UpdateEvent, UpdateTarget } from "./update-state.js";

/** The fields of a described job execution that decide what it means. */
export interface DescribedJob {
  jobId: string;
  executionNumber: number;
  version: number;
  status: JobExecutionStatus;
  document: unknown;
}

/** Returns the state of the boot loader in the terms of the update machine. */
export function bootOf({ runningSlot, currentSlot, workingSlot }: BootRecord): BootFacts["boot"] {
  if (runningSlot !== currentSlot) return "resetDue";
  return runningSlot === workingSlot ? "settled" : "onTrial";
}

/**
 * Returns what a pending job means for a device with no update in progress: an event for the machine, `foreign` for
 * another kind of job, or `later`. `runs` tells whether the running slot holds an image. Rejects only when `runs` does.
 */
export async function classifyJob(
  job: DescribedJob,
  device: Pick<Device, "slots">,
  rules: DocumentRules,
  runs: (target: UpdateTarget) => Promise<boolean>,
): Promise<UpdateEvent | "foreign" | "later"> {
  const { jobId, executionNumber, version: versionNumber, document } = job;
  if (!isFotaDocument(document)) return "foreign";
  const execution: ExecutionRef = { jobId, executionNumber, versionNumber };
  let record: BootRecord;
  try {
    record = await device.slots.record();
  } catch (error) {
    const failure = { phase: "starting", reason: "slot-failed", detail: messageOf(error) } as const;
    return { type: "jobRefused", execution, failure };
  }
  const boot = bootOf(record);
  const decision = await checkDocument(document, record, rules);
  if (job.status === "QUEUED") {
    // Until the image on trial is confirmed, the other slot holds the image to revert to.
    if (boot !== "settled" || decision.kind === "not-fota") return "later";
    const own = decision.kind === "update" ? targetsIn(document) : await trustedTargetsIn(document, rules);
    for (const target of own) {
      // If the running slot cannot be read, that is one more reason for the update.
      if (await runs(target).catch(() => false)) return { type: "alreadyRuns", execution, target };
    }
    if (decision.kind === "refused") return { type: "jobRefused", execution, failure: decision.failure };
    return { type: "jobAccepted", execution, target: decision.target };
  }
  if (job.status !== "IN_PROGRESS") return "later";
  const targets = targetsIn(document);
  for (const target of targets) {
    if (await runs(target)) return { type: "jobFound", execution, target, image: "target", boot };
  }
  const [target] = targets;
  if (target !== undefined) {
    return boot === "resetDue" ? "later" : { type: "jobFound", execution, target, image: "other", boot };
  }
  return decision.kind === "refused" ? { type: "jobRefused", execution, failure: decision.failure } : "later";
}
