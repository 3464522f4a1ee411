import { type Cause, messageOf } from "@fota/shared";
import { Fota } from "../../fota.js";
import { type Bench, readSituation } from "../bench/bench.js";
import { REVERTED_BY_HAND } from "../device/history.js";

/**
 * Ends the trial of an image that was installed by hand, as the agent does for a job: tests and confirms it, or reverts
 * it. Does nothing if there is no such trial. Returns true if the device must be restarted. Call it when the broker was
 * reached, and before the agent looks for jobs. `isStopped` tells whether the answer of the self test counts.
 */
export async function finishInstall(
  bench: Bench,
  selfTest: () => Promise<boolean>,
  isStopped: () => boolean,
): Promise<boolean> {
  const { device, history } = bench;
  const { install } = await history.load();
  if (install === undefined) return false;
  const { boot, record, state } = await readSituation(bench);
  if (state.phase !== "idle") return false;
  const version = install.version === undefined ? {} : { version: install.version };
  const fail = async (detail: string, reason: Cause = "invalid fota") => {
    device.log("error", `the installed image is not used: ${detail}`);
    await history.noteInstallResult({ status: "FAILED", reason, detail, ...version });
  };
  if (install.reverted && boot !== "settled" && record.currentSlot === install.slot) {
    await bench.opened.slots.revert(); // `fota-agent revert` was killed after its note
    await fail(REVERTED_BY_HAND.detail, REVERTED_BY_HAND.reason);
    return boot === "onTrial";
  }
  if (boot === "resetDue") return false;
  if (record.runningSlot !== install.slot) {
    if (install.reverted) await fail(REVERTED_BY_HAND.detail, REVERTED_BY_HAND.reason);
    // A failure in the boot record may be that of an earlier trial.
    else if (!install.scheduled) await fail("the install was interrupted");
    else
      await fail(
        ["it was not confirmed: the boot loader reverted it", record.failure].filter(Boolean).join(": "),
      );
    return false;
  }
  if (boot === "onTrial") {
    let fault: string | undefined = "the self test did not pass";
    try {
      if (await selfTest()) fault = undefined;
    } catch (error) {
      fault = messageOf(error);
    }
    if (isStopped()) return false; // the self test may have failed because of the stop
    const { boot: now } = await readSituation(bench);
    if (now !== "onTrial") return await finishInstall(bench, selfTest, isStopped); // a command ended the trial
    if (fault !== undefined) {
      await bench.opened.slots.revert();
      await fail(fault);
      return true;
    }
    await new Fota(device).confirm();
  }
  device.log("info", `the installed image in slot ${install.slot} is confirmed`);
  await history.noteInstallResult({ status: "SUCCEEDED", ...version });
  return false;
}
