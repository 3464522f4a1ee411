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
  const { record, boot, state } = await readSituation(bench);
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
  const isReverting = state.phase === "reverting" && state.target.slot === slot;
  await withNote(bench, isReverting ? await noteConfirm(bench) : async () => {}, async () => {
    await new Fota(bench.device).confirm();
    return true;
  });
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
  const { slots } = bench.opened;
  // The boot loader, or the limit on the trial, may have ended it before.
  if (!isTrial(record)) await slots.revert();
  // Noted first: wherever this process is killed, the agent finds the note and reverts.
  else
    await withNote(bench, await noteRevert(bench, currentSlot), async () => {
      await slots.revert();
      return !isTrial(await slots.record()); // the trial of another boot stays
    });
  return runningSlot === workingSlot
    ? { message: `the trial of slot ${currentSlot} is canceled`, slot: workingSlot, restart: false }
    : { message: `slot ${workingSlot} boots again; restarting`, slot: workingSlot, restart: true };
}

function isTrial({ currentSlot, workingSlot }: BootRecord): boolean {
  return currentSlot !== workingSlot;
}

/** Does what a note tells. Takes the note back if that fails or has no effect; an error of that is logged. */
async function withNote(
  { device }: Bench,
  takeBack: () => Promise<void>,
  act: () => Promise<boolean>,
): Promise<void> {
  let isDone = false;
  try {
    isDone = await act();
  } finally {
    if (!isDone) {
      await takeBack().catch((error: unknown) => {
        device.log("warn", `the note of a command that failed stays: ${messageOf(error)}`);
      });
    }
  }
}

/** Phases of an update in which a trial is scheduled or in progress. */
const TRIAL_PHASES: readonly UpdateState["phase"][] = ["installing", "consulting", "trial", "confirming"];

/**
 * Saves for the report of the job, and for the history, that a person ends the trial of `slot`. Returns what takes that
 * back. An error is logged: the trial must also end on a full disk.
 */
async function noteRevert(bench: Bench, slot: number): Promise<() => Promise<void>> {
  const { device, history } = bench;
  const log = (error: unknown) =>
    device.log("warn", `the report will not tell that the trial was reverted by hand: ${messageOf(error)}`);
  await history.noteRevert(slot, true).catch(log);
  const restore = await replaceState(bench, (state) => {
    if (!("target" in state) || !TRIAL_PHASES.includes(state.phase)) return undefined;
    const { execution, target } = state as Extract<UpdateState, { phase: "trial" }>;
    const verdict: BadVerdict = { status: "FAILED", details: { phase: "trial", ...REVERTED_BY_HAND } };
    return target.slot === slot ? { phase: "reverting", execution, target, verdict } : undefined;
  }).catch(log);
  return async () => {
    await restore?.();
    await history.noteRevert(slot, false);
  };
}

/** Saves that the trial is confirmed after all: its revert was killed. Returns what takes that back. */
async function noteConfirm(bench: Bench): Promise<() => Promise<void>> {
  return await replaceState(bench, (state) => {
    const { execution, target } = state as Extract<UpdateState, { phase: "reverting" }>;
    return { phase: "confirming", execution, target };
  });
}

/** Saves the state that `change` returns, if any. Returns what saves the one before. */
async function replaceState(
  { device }: Bench,
  change: (state: UpdateState) => UpdateState | undefined,
): Promise<() => Promise<void>> {
  const text = (await device.state.load()) ?? "";
  const { state, images } = parseSaved(text) ?? {};
  const next = state && change(state);
  if (next === undefined) return async () => {};
  await device.state.save(serializeState(next, images));
  return () => device.state.save(text);
}
