import { FotaError, parseJobDocument } from "@fota/shared";
import { targetsIn } from "./core/check-document.js";
import type { Device } from "./core/ports.js";
import { verifyImage } from "./core/verify.js";
import { type FotaOptions, type HandleFotaJobsOptions, passSettings } from "./fota-options.js";
import type { Jobs } from "./jobs.js";
import { UpdateEngine } from "./update-engine.js";

/** Firmware updates over the air by AWS IoT Jobs, with the surface of the original library (P-37 to P-52). */
export class Fota {
  readonly #device: Device;
  readonly #engine: UpdateEngine;

  constructor(device: Device, options: FotaOptions = {}) {
    this.#device = device;
    this.#engine = new UpdateEngine(device, options);
  }

  /**
   * Downloads the ordered image into its slot and verifies it there. True only when the slot holds exactly the ordered
   * image; false for anything else, with the reason in the log. The boot record is not touched, and no job is. Not resumed after a power cut, as there
   * is no job to say that it is still wanted.
   * @throws {FotaError} what the slots and the state store throw before the download
   */
  async update(document: unknown): Promise<boolean> {
    return await this.#engine.update(document);
  }

  /**
   * Orders the trial of an image that `update` put into its slot: it boots at the next reset, and the boot after that
   * goes back unless `confirm` was called.
   * @throws {FotaError} DOCUMENT_INVALID; IMAGE_NOT_VERIFIED when no slot of the document holds its image
   */
  async test(document: unknown): Promise<void> {
    const { slots } = this.#device;
    const targets = targetsIn(parseJobDocument(document));
    const { runningSlot } = await slots.record();
    for (const target of targets.filter(({ slot }) => slot !== runningSlot)) {
      const failure = await verifyImage(slots, target);
      if (failure === undefined) return await slots.attempt(target.slot);
    }
    const tried = targets.map(({ slot }) => slot).join(", ");
    throw new FotaError("IMAGE_NOT_VERIFIED", `slot ${tried} does not hold the ordered image, or runs it`, {
      hint: "call update(document) first and go on only when it gives true",
    });
  }

  /**
   * Makes the running image the one to boot from now on: the trial is over.
   * @throws {FotaError} TRIAL_OVER when the trial does not stand any more; what the slots throw
   */
  async confirm(): Promise<void> {
    await this.#device.slots.accept();
    this.#engine.lookAgain();
  }

  /** Restarts the device. */
  async reset(): Promise<void> {
    await this.#device.slots.restart();
  }

  /**
   * Does what there is to do: takes an interrupted update up, judges an image on trial, looks for jobs, carries one
   * out. Without a notification, `force` or an update under way it returns at once, without traffic (P-44). True: a
   * reset is due, or was ordered, with `autoReset`.
   *
   * Never rejects. When the link or the device fails, the update stays where it is saved and the next call goes on,
   * also without a notification. A call while another one is at work returns at once.
   */
  async handleFotaJobs(jobs: Jobs, options: HandleFotaJobsOptions = {}): Promise<true | undefined> {
    const { kind } = await this.#engine.runPass(jobs, passSettings(options));
    return kind === "resetDue" ? true : undefined;
  }
}
