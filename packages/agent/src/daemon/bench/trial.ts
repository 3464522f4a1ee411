import { FotaError } from "@fota/shared";
import { Fota } from "../../fota.js";
import { type Bench, readSituation } from "./bench.js";
import type { Outcome } from "./outcome.js";

/**
 * Confirms the running image. Nothing changes if it is confirmed already.
 * @throws {FotaError} TRIAL_OVER if its trial has ended; errors of the slots and of the trust store
 */
export async function confirmTrial(bench: Bench): Promise<Outcome> {
  const { record, boot } = await readSituation(bench);
  const { runningSlot: slot } = record;
  if (boot === "settled") {
    return { message: `slot ${slot} is confirmed already; nothing was changed`, slot, restart: false };
  }
  if (boot === "resetDue" && slot === record.workingSlot) {
    throw new FotaError(
      "TRIAL_OVER",
      `slot ${record.currentSlot} boots next, on trial: it does not run yet`,
      {
        hint: "restart the device first",
      },
    );
  }
  await new Fota(bench.device).confirm();
  return { message: `slot ${slot} is confirmed`, slot, restart: false };
}

/**
 * Ends the trial: the working slot boots from now on. A job of the trial ends as FAILED.
 * @throws {FotaError} TRIAL_OVER if no image is on trial or scheduled for one; FALLBACK_MISSING; errors of the slots
 */
export async function revertTrial(bench: Bench): Promise<Outcome> {
  const { record, boot } = await readSituation(bench);
  const { runningSlot, workingSlot, currentSlot } = record;
  if (boot === "settled") {
    throw new FotaError("TRIAL_OVER", `slot ${runningSlot} is confirmed: there is no trial to revert`, {
      hint: "publish the older version, or install it with `fota-agent install`",
    });
  }
  await bench.opened.slots.revert();
  return runningSlot === workingSlot
    ? { message: `the trial of slot ${currentSlot} is canceled`, slot: workingSlot, restart: false }
    : { message: `slot ${workingSlot} boots again; restarting`, slot: workingSlot, restart: true };
}
