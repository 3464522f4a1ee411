import { isFotaDocument, type JobExecutionStatus, messageOf } from "@fota/shared";
import {
  type DocumentRules,
  isAddressed,
  judgeDocument,
  readDocument,
  type TrustedReading,
  targetsOf,
} from "./check-document.js";
import type { BootRecord, Device } from "./ports.js";
import type { TrustedDocument } from "./trust-ports.js";
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

export interface JobQuestions {
  /** Tells whether the running slot holds an image. */
  runs: (target: UpdateTarget) => Promise<boolean>;
  /** Saves what a signed document gives to the device. Called before the event that acts on the document. */
  accept: (trusted: TrustedDocument) => Promise<void>;
}

/**
 * Returns what a pending job means for a device with no update in progress: an event for the machine, `foreign` for
 * another kind of job, or `later`. Rejects if a question does, or if
 * the signatures cannot be verified in time.
 */
export async function classifyJob(
  job: DescribedJob,
  device: Pick<Device, "slots">,
  rules: DocumentRules,
  { runs, accept }: JobQuestions,
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
  const reading = await readDocument(document, rules.trust);
  if (reading.kind === "not-fota") return "foreign";
  // Until the image on trial is confirmed, the other slot holds the image to revert to.
  if (job.status !== "IN_PROGRESS" && (job.status !== "QUEUED" || boot !== "settled")) return "later";
  if (reading.kind === "refused") return { type: "jobRefused", execution, failure: reading.failure };
  const { trusted } = reading;
  const targets = targetsOf(reading);
  if (job.status === "QUEUED") {
    for (const target of isAddressed(reading, rules) ? targets : []) {
      // If the running slot cannot be read, that is one more reason for the update.
      if (!(await runs(target).catch(() => false))) continue;
      await acceptRunning(reading, rules, accept);
      return { type: "alreadyRuns", execution, target };
    }
    const decision = await judgeDocument(reading, record, rules);
    if (decision.kind === "refused") return { type: "jobRefused", execution, failure: decision.failure };
    if (trusted !== undefined) await accept(trusted);
    return { type: "jobAccepted", execution, target: decision.target };
  }
  for (const target of targets) {
    if (!(await runs(target))) continue;
    // With a reset due, the release that was accepted before is still to be confirmed.
    if (boot !== "resetDue") await acceptRunning(reading, rules, accept);
    return { type: "jobFound", execution, target, image: "target", boot };
  }
  const [target] = targets;
  if (target === undefined || boot === "resetDue") return "later";
  return { type: "jobFound", execution, target, image: "other", boot };
}

/** The document of a running image raises the sequence number only if the device might also install it. */
async function acceptRunning(
  reading: TrustedReading,
  rules: DocumentRules,
  accept: JobQuestions["accept"],
): Promise<void> {
  const { document, trusted } = reading;
  if (trusted === undefined || !isAddressed(reading, rules)) return;
  if ((await rules.trust?.sequenceFault(document, trusted)) === undefined) await accept(trusted);
}
