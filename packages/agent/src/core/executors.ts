import { encodeStatusDetails, isFotaError, messageOf, type UpdateReport } from "@fota/shared";
import { bootOf } from "./classify-job.js";
import { withTimeout } from "./deadline.js";
import { downloadForJob } from "./download-effect.js";
import type { RefreshAnswer, ReportAnswer } from "./execution-reporter.js";
import type { Advance, Effect, ExecutorContext } from "./executor-context.js";
import { unlessInterrupted } from "./interruption.js";
import type { Device } from "./ports.js";
import { END_LEVELS, type Failure, type UpdateEffect, type UpdateEvent } from "./update-state.js";
import { verifyImage } from "./verify.js";

const EXECUTORS: {
  [Type in UpdateEffect["type"]]: (
    effect: Effect<Type>,
    context: ExecutorContext,
    advance: Advance,
  ) => Promise<UpdateEvent[]>;
} = {
  reportPhase,
  refreshUrl,
  consult,
  download: downloadForJob,
  verify,
  attempt,
  restart,
  selfTest,
  confirm,
  revert,
  report,
};

/**
 * Executes one effect through the ports and returns the resulting events. No event means that the effect is unfinished
 * and runs again later. Every effect may run twice. Rejects only if `advance` does.
 */
export async function execute(
  effect: UpdateEffect,
  context: ExecutorContext,
  advance: Advance,
): Promise<UpdateEvent[]> {
  const executor = EXECUTORS[effect.type] as (
    effect: UpdateEffect,
    context: ExecutorContext,
    advance: Advance,
  ) => Promise<UpdateEvent[]>;
  return await executor(effect, context, advance);
}

/** Reports IN_PROGRESS; the answer tells whether the job is still active. */
async function reportPhase(
  { execution, phase, detail }: Effect<"reportPhase">,
  { reporter, onProgress }: ExecutorContext,
): Promise<UpdateEvent[]> {
  const details: UpdateReport = detail === undefined ? { phase } : { phase, detail };
  onProgress(details);
  return eventsOf(await reporter.report(execution, "IN_PROGRESS", encodeStatusDetails(details)));
}

/** Asks a hook. While a deferral lasts, only checks after a notification that the job is still active. */
async function consult(
  { hook, execution, target }: Effect<"consult">,
  { hooks, reporter, notified, stop }: ExecutorContext,
): Promise<UpdateEvent[]> {
  if (hooks.isDeferred(hook, execution)) {
    if (!notified) return [];
    const answer = await reporter.refreshUrl(execution, target);
    return answer.kind === "gone" ? [{ type: "jobGone" }] : [];
  }
  try {
    return [await unlessInterrupted(stop, hooks.ask(hook, execution, target))];
  } catch {
    return []; // stopped; the hook is asked again later
  }
}

async function refreshUrl(
  { execution, target }: Effect<"refreshUrl">,
  { reporter }: ExecutorContext,
): Promise<UpdateEvent[]> {
  return eventsOf(await reporter.refreshUrl(execution, target));
}

function eventsOf(answer: ReportAnswer | RefreshAnswer): UpdateEvent[] {
  switch (answer.kind) {
    case "unanswered":
      return [];
    case "gone":
      return [{ type: "jobGone" }];
    case "accepted":
      return [{ type: "jobActive", versionNumber: answer.versionNumber }];
    case "url":
      return [{ ...answer, type: "jobActive" }];
  }
}

async function verify({ target, found }: Effect<"verify">, context: ExecutorContext): Promise<UpdateEvent[]> {
  context.onProgress({ phase: "verifying" });
  const failure = await verifyImage(context.device.slots, target, found);
  return [failure === undefined ? { type: "verified" } : { type: "stepFailed", failure }];
}

async function attempt({ target }: Effect<"attempt">, { device }: ExecutorContext): Promise<UpdateEvent[]> {
  try {
    await device.slots.attempt(target.slot);
    return [{ type: "attempted" }];
  } catch (error) {
    // The record may have been written: the boot loader must not boot an image whose job is reported FAILED.
    await device.slots.revert().catch((fault: unknown) => device.log("error", `revert: ${messageOf(fault)}`));
    const failure: Failure = { phase: "installing", reason: "slot-failed", detail: messageOf(error) };
    return [{ type: "stepFailed", failure }];
  }
}

async function restart(
  _effect: Effect<"restart">,
  { device, reporter, disconnectMqtt, autoReset }: ExecutorContext,
): Promise<UpdateEvent[]> {
  if (disconnectMqtt) await reporter.disconnect();
  if (!autoReset) return [];
  try {
    device.log("info", "restarting");
    await device.slots.restart();
  } catch (error) {
    device.log("error", `restart failed: ${messageOf(error)}`);
  }
  return [];
}

async function selfTest(
  _effect: Effect<"selfTest">,
  { device, selfTest: test, selfTestTimeoutMs: limitMs, stop }: ExecutorContext,
): Promise<UpdateEvent[]> {
  if (test === undefined) return [{ type: "selfTestPassed" }];
  let detail = "the self test did not pass";
  try {
    // Called inside a promise, so that a test that throws synchronously fails, too.
    const testing = Promise.resolve().then(test);
    const late = `the self test did not finish within ${limitMs} ms`;
    const passed = await withTimeout(device.clock, limitMs, testing, late);
    if (passed === true) return [{ type: "selfTestPassed" }];
  } catch (error) {
    detail = messageOf(error);
  }
  if (stop.reason !== undefined) return []; // it may have failed because of the stop; it runs again
  return [{ type: "stepFailed", failure: { phase: "trial", reason: "self-test-failed", detail } }];
}

async function confirm(
  _effect: Effect<"confirm">,
  { device, confirmTrust }: ExecutorContext,
): Promise<UpdateEvent[]> {
  try {
    await device.slots.accept();
    await confirmTrust();
    return [{ type: "confirmed" }];
  } catch (error) {
    device.log("error", `confirm failed: ${messageOf(error)}`);
    // A trial that is over stays over. After any other error, the next call tries again.
    return isFotaError(error, "TRIAL_OVER") ? [{ type: "confirmRefused", detail: messageOf(error) }] : [];
  }
}

async function revert(_effect: Effect<"revert">, { device }: ExecutorContext): Promise<UpdateEvent[]> {
  try {
    await device.slots.revert();
    return [{ type: "reverted", boot: bootOf(await device.slots.record()) }];
  } catch (error) {
    device.log("error", `revert failed: ${messageOf(error)}`);
    return isFotaError(error, "FALLBACK_MISSING")
      ? [{ type: "revertRefused", detail: messageOf(error) }]
      : [];
  }
}

async function report(
  { execution, verdict }: Effect<"report">,
  context: ExecutorContext,
): Promise<UpdateEvent[]> {
  const details = { ...verdict.details, running: await runningText(context.device) };
  context.onProgress(details);
  const { reason } = verdict.details;
  const line = `job ${execution.jobId}: ${verdict.status}${describe(verdict.details)}`;
  context.device.log(END_LEVELS[verdict.status], line, reason);
  const answer = await context.reporter.report(execution, verdict.status, encodeStatusDetails(details));
  if (answer.kind === "unanswered") return [];
  return [{ type: answer.kind === "accepted" || answer.ended === verdict.status ? "reported" : "jobGone" }];
}

function describe({ reason, detail }: UpdateReport): string {
  const parts = [reason, detail].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : `, ${parts.join(": ")}`;
}

/** Returns what the device runs, for `statusDetails.running`: its version, if set, and its slot. */
async function runningText({ slots, firmwareVersion }: Device): Promise<string> {
  const slot = await slots.record().then(
    ({ runningSlot }) => `slot ${runningSlot}`,
    () => "slot unknown",
  );
  return firmwareVersion === undefined ? slot : `${firmwareVersion}, ${slot}`;
}
