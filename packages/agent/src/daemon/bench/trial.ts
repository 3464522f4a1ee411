import { FotaError, messageOf } from "@fota/shared";
import type { BootRecord } from "../../core/ports.js";
import { parseSaved, serializeState } from "../../core/saved-state.js";
import type { BadVerdict, UpdateState } from "../../core/update-state.js";
import { Fota } from "../../fota.js";
import { REVERTED_BY_HAND } from "../device/history.js";
import { type Bench, readSituation } from "./bench.js";
import type { Outcome } from "./outcome.js";

/**
 * Confirms the running image. Nothing changes if it is confirmed already.
 * @throws {FotaError} DEVICE_BUSY if the trial of another image has not begun; TRIAL_OVER if its trial has ended; errors of the slots and of the trust store
 */
export async function confirmTrial(bench: Bench): Promise<Outcome> {
  const { record, boot } = await readSituation(bench);
  const { runningSlot: slot } = record;
  if (boot === "settled") {
    return { message: `slot ${slot} is confirmed already; nothing was changed`, slot, restart: false };
  }
  if (boot === "resetDue" && slot === record.workingSlot) {
    throw new FotaError(
      "DEVICE_BUSY",
      `slot ${record.currentSlot} boots next, on trial: it does not run yet`,
      {
        hint: "restart the device if it does not restart by itself, then run the command again",
      },
    );
  }
  await new Fota(bench.device).confirm();
  return { message: `slot ${slot} is confirmed`, slot, restart: false };
}

/**
 * Ends the trial: the working slot boots from now on. A job of the trial ends as FAILED, and tells that this was done by
 * hand. Call it while no agent works.
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
  // The boot loader, or the limit on the trial, may have ended it before.
  if (isTrial(record) && !isTrial(await bench.opened.slots.record())) {
    await noteRevert(bench, currentSlot).catch((error: unknown) => {
      bench.device.log(
        "warn",
        `the report will not tell that the trial was reverted by hand: ${messageOf(error)}`,
      );
    });
  }
  return runningSlot === workingSlot
    ? { message: `the trial of slot ${currentSlot} is canceled`, slot: workingSlot, restart: false }
    : { message: `slot ${workingSlot} boots again; restarting`, slot: workingSlot, restart: true };
}

function isTrial({ currentSlot, workingSlot }: BootRecord): boolean {
  return currentSlot !== workingSlot;
}

/** Phases of an update in which a trial is scheduled or in progress. */
const TRIAL_PHASES: readonly UpdateState["phase"][] = ["installing", "consulting", "trial", "confirming"];

/** Saves for the report of the job, and for the history, that a person has ended the trial of `slot`. */
async function noteRevert({ device, history }: Bench, slot: number): Promise<void> {
  await history.noteRevert(slot);
  const { state, images } = parseSaved((await device.state.load()) ?? "") ?? {};
  if (state === undefined || !("target" in state) || !TRIAL_PHASES.includes(state.phase)) return;
  const { execution, target } = state as Extract<UpdateState, { phase: "trial" }>;
  if (target.slot !== slot) return;
  const verdict: BadVerdict = { status: "FAILED", details: { phase: "trial", ...REVERTED_BY_HAND } };
  await device.state.save(serializeState({ phase: "reverting", execution, target, verdict }, images));
}
