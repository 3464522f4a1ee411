import { FotaError, parsePlainDocument } from "@fota/shared";
import { targetsIn } from "./core/check-document.js";
import type { Device } from "./core/ports.js";
import { verifyImage } from "./core/verify.js";
import { type FotaOptions, type HandleFotaJobsOptions, passSettings } from "./fota-options.js";
import type { Jobs } from "./jobs.js";
import { UpdateEngine } from "./update-engine.js";
import { requireTrust, updateWithoutJob } from "./update-without-job.js";

/** Firmware updates over the air by AWS IoT Jobs, with the surface of the original library (P-37 to P-52). */
export class Fota {
  readonly #device: Device;
  readonly #engine: UpdateEngine;

  constructor(device: Device, options: FotaOptions = {}) {
    this.#device = device;
    this.#engine = new UpdateEngine(device, options);
  }

  /**
   * Downloads the image of `document` into its slot and verifies it there. Returns true only if the slot holds exactly
   * that image; otherwise false, with the reason in the log. Changes neither the boot record nor a job. Does not resume
   * after a power cut, because no job tells whether the image is still wanted.
   * @throws {FotaError} errors of the slots and the state store before the download
   */
  async update(document: unknown): Promise<boolean> {
    const fault = await updateWithoutJob(this.#engine, document);
    if (fault !== undefined) this.#engine.device.log("error", `update: ${fault}`);
    return fault === undefined;
  }

  /**
   * Schedules the trial of an image that `update` downloaded: the next reset boots it, and the boot after that reverts
   * unless `confirm` was called. Survives a power cut.
   * @throws {FotaError} DOCUMENT_INVALID; IMAGE_NOT_VERIFIED if no slot of the document holds its image. On a device with
   * trusted keys: SIGNATURE_INVALID if not enough of them signed the document; DOCUMENT_INVALID also if it is for another
   * device or older than the confirmed one; errors of the trust store
   */
  async test(document: unknown): Promise<void> {
    const { slots } = this.#device;
    const targets = targetsIn(parsePlainDocument(document));
    const acceptTrust = await requireTrust(this.#engine, document);
    const { runningSlot } = await slots.record();
    for (const target of targets.filter(({ slot }) => slot !== runningSlot)) {
      const failure = await verifyImage(slots, target);
      if (failure !== undefined) continue;
      await acceptTrust();
      return await slots.attempt(target.slot);
    }
    const tried = targets.map(({ slot }) => slot).join(", ");
    throw new FotaError(
      "IMAGE_NOT_VERIFIED",
      `slot ${tried} does not hold the image of the document, or is running`,
      {
        hint: "call update(document) first and continue only when it returns true",
      },
    );
  }

  /**
   * Confirms the running image: it boots from now on. Survives a power cut.
   *
   * On a device with trusted keys, this also raises the sequence number and the time to those of the accepted document.
   * After a power cut in between, the device does that before it judges the next document.
   * @throws {FotaError} TRIAL_OVER if the trial has already ended; other errors of the slots and of the trust store
   */
  async confirm(): Promise<void> {
    await this.#device.slots.accept();
    await this.#engine.confirmTrust();
    this.#engine.lookAgain();
  }

  /** Restarts the device. */
  async reset(): Promise<void> {
    await this.#device.slots.restart();
  }

  /**
   * Continues an interrupted update, confirms or reverts an image on trial, looks for jobs and runs one. Without a
   * notification, `force` or an update in progress, it returns at once without network traffic (P-44), unless the
   * `inventory` of the device has news to report. Returns true if a reset is due; with `autoReset`, it has already
   * requested the restart.
   *
   * Never rejects. If the link or the device fails, the state is kept and the next call continues, also after a power
   * cut and without a notification. Returns at once while another call runs.
   */
  async handleFotaJobs(jobs: Jobs, options: HandleFotaJobsOptions = {}): Promise<true | undefined> {
    const { kind } = await this.#engine.runPass(jobs, passSettings(options));
    return kind === "resetDue" ? true : undefined;
  }
}
