import { FotaError } from "@fota/shared";
import { checkDocument, fitnessFault, readDocument } from "./core/check-document.js";
import { bootOf } from "./core/classify-job.js";
import { downloadWithoutJob } from "./core/download-effect.js";
import type { DownloadRequest } from "./core/download-request.js";
import type { UpdateRunner } from "./core/runner.js";
import type { UpdateTarget } from "./core/update-state.js";
import type { UpdateEngine } from "./update-engine.js";

/** Why nothing is downloaded while it cannot be. */
const BUSY = "another update is in progress or on trial";

/**
 * Downloads the image of `document` without a job, and verifies it. Returns why its slot does not hold it, or
 * `undefined` if it does. Rejects with errors of the slots and the state store before the download.
 */
export async function updateWithoutJob(engine: UpdateEngine, document: unknown): Promise<string | undefined> {
  return await engine.exclusively<string | undefined>(BUSY, async () => {
    const { phase } = await engine.runner.load();
    const record = await engine.device.slots.record();
    if (phase !== "idle" || bootOf(record) !== "settled") return BUSY;
    const decision = await checkDocument(document, record, await engine.rules());
    if (decision.kind === "not-fota") return "not a fota document";
    if (decision.kind === "refused") return decision.failure.detail ?? decision.failure.reason;
    const { target, trusted } = decision;
    await engine.acceptTrust(trusted);
    const failure = await downloadWithoutJob(engine.device, target, {
      tuning: engine.downloadTuning(),
      urlRules: engine.urlRules(),
      ...slotImage(engine.runner, target),
      onProgress: (bytes) => {
        engine.notifyProgress({ phase: "downloading", bytes, totalBytes: target.sizeBytes });
      },
    });
    return failure && `${failure.reason}, ${failure.detail ?? ""}`;
  });
}

/** Returns what a download without a job knows of the slot of `target`, and how it saves that it changes it. */
function slotImage(
  runner: UpdateRunner,
  target: UpdateTarget,
): Pick<DownloadRequest, "holdsOther" | "saveJournal"> {
  return {
    holdsOther: runner.holdsOther(target),
    saveJournal: async ({ offsetBytes }) => {
      if (offsetBytes === 0) await runner.noteImage(target); // the slot is about to be erased
    },
  };
}

/**
 * Checks on a device with trusted keys that it may try an image of the document. Returns a function to call before the
 * trial: it notes what the confirm will raise.
 * @throws {FotaError} SIGNATURE_INVALID if not enough keys signed the document; DOCUMENT_INVALID if it is for another
 * device, or an old one
 */
export async function requireTrust(engine: UpdateEngine, document: unknown): Promise<() => Promise<void>> {
  const rules = await engine.rules();
  const reading = await readDocument(document, rules.trust);
  if (reading.kind === "refused") {
    throw new FotaError("SIGNATURE_INVALID", reading.failure.detail ?? reading.failure.reason);
  }
  const trusted = reading.kind === "trusted" ? reading.trusted : undefined;
  if (reading.kind === "not-fota" || trusted === undefined) return async () => {};
  const unfit = await fitnessFault(reading, rules);
  if (unfit !== undefined) {
    throw new FotaError("DOCUMENT_INVALID", `this device refuses the job document: ${unfit.failure.detail}`);
  }
  return () => engine.acceptTrust(trusted);
}
