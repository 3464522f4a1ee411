import { encodeStatusDetails, FotaError, isFotaError, messageOf, type UpdateReport } from "@fota/shared";
import { bootOf } from "./classify-job.js";
import { withDeadline } from "./deadline.js";
import { downloadImage, type FreshUrl } from "./download.js";
import type { DownloadTuning } from "./download-tuning.js";
import type { ExecutionReporter } from "./execution-reporter.js";
import type { HookRunner } from "./hooks.js";
import { Interruption, unlessInterrupted } from "./interruption.js";
import type { Device } from "./ports.js";
import { type ProgressPolicy, percentOf, progressFilter } from "./progress.js";
import type { Failure, UpdateEffect, UpdateEvent } from "./update-state.js";
import type { UrlRules } from "./url-rules.js";
import { verifyImage } from "./verify.js";

export interface ExecutorContext {
  device: Device;
  reporter: ExecutionReporter;
  /** Close the MQTT connection before the download and before a reset (P-47). */
  disconnectMqtt: boolean;
  /** Restart when it is due; otherwise the caller does. */
  autoReset: boolean;
  hooks: HookRunner;
  /** The service sent word since the last turn: an order that waits for a hook may be gone. */
  notified: boolean;
  selfTest: (() => boolean | Promise<boolean>) | undefined;
  selfTestTimeoutMs: number;
  download: DownloadTuning;
  urlRules: UrlRules;
  progress: ProgressPolicy;
  /** Told of each phase and of each write to the slot. Does not throw. */
  onProgress: (report: UpdateReport) => void;
  /** Calls the listener when the pending jobs may have changed, until the returned function is called. */
  onJobsChange: (listener: () => void) => () => void;
  /** Of the whole turn: nothing more is begun. */
  stop: Interruption;
}

/** Saves what an effect has done so far. Rejects when it cannot be saved. */
export type Advance = (event: UpdateEvent) => Promise<void>;

type Effect<Type> = Extract<UpdateEffect, { type: Type }>;

/**
 * Carries one effect out over the ports and answers with what became of it; no event means that it is open and is
 * taken up again later. Every effect may be carried out twice. Rejects only when `advance` does.
 */
export async function execute(
  effect: UpdateEffect,
  context: ExecutorContext,
  advance: Advance,
): Promise<UpdateEvent[]> {
  switch (effect.type) {
    case "reportPhase":
      return await reportInProgress(effect, context);
    case "refreshUrl":
      return await refreshUrl(effect, context);
    case "consult":
      return await consult(effect, context);
    case "reportDeferral":
      return await reportInProgress(effect, context);
    case "download":
      return await download(effect, context, advance);
    case "verify":
      return await verify(effect, context);
    case "attempt":
      return await attempt(effect, context);
    case "restart":
      return await restart(context);
    case "selfTest":
      return await selfTest(context);
    case "confirm":
      return await confirm(context);
    case "revert":
      return await revert(context);
    case "report":
      return await report(effect, context);
  }
}

/** Reports IN_PROGRESS; the answer says whether the order stands. */
async function reportInProgress(
  effect: Effect<"reportPhase" | "reportDeferral">,
  { reporter, onProgress }: ExecutorContext,
): Promise<UpdateEvent[]> {
  const { phase } = effect;
  const details: UpdateReport = effect.type === "reportPhase" ? { phase } : { phase, detail: effect.detail };
  onProgress(details);
  const answer = await reporter.report(effect.execution, "IN_PROGRESS", encodeStatusDetails(details));
  if (answer.kind === "unanswered") return [];
  if (answer.kind === "gone") return [{ type: "jobGone" }];
  return [{ type: "jobActive", versionNumber: answer.versionNumber }];
}

/** Until its time has come a hook that deferred is not asked again; word of the service is looked after. */
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
    return []; // stopped: asked again later
  }
}

async function refreshUrl(
  { execution, target }: Effect<"refreshUrl">,
  { reporter }: ExecutorContext,
): Promise<UpdateEvent[]> {
  const answer = await reporter.refreshUrl(execution, target);
  if (answer.kind === "unanswered") return [];
  if (answer.kind === "gone") return [{ type: "jobGone" }];
  return [{ type: "jobActive", versionNumber: answer.versionNumber, url: answer.url }];
}

async function download(
  effect: Effect<"download">,
  context: ExecutorContext,
  advance: Advance,
): Promise<UpdateEvent[]> {
  const { device, reporter, disconnectMqtt } = context;
  const { target, journal } = effect;
  const unsafe = await fallbackFault(device, target.slot);
  if (unsafe !== undefined) return [{ type: "stepFailed", failure: unsafe }];
  if (disconnectMqtt) await reporter.disconnect();
  const interruption = new Interruption();
  const watch = watchJob(effect, context, interruption);
  const reports = progressReports(effect, context, interruption);
  async function freshUrl(): Promise<FreshUrl> {
    const fresh = await reporter.refreshUrl(effect.execution, target);
    if (disconnectMqtt) await reporter.disconnect();
    if (fresh.kind === "gone") return { kind: "job-gone" };
    return fresh.kind === "update" ? { kind: "url", url: fresh.url } : { kind: "unanswered" };
  }
  const result = await downloadImage(device, {
    target,
    journal,
    tuning: context.download,
    urlRules: context.urlRules,
    saveJournal: (advanced) => advance({ type: "downloadAdvanced", journal: advanced }),
    freshUrl,
    // With the connection kept, a notification tells of a cancel.
    refreshBetweenAttempts: disconnectMqtt ? freshUrl : undefined,
    onProgress: reports.onProgress,
    interruption,
  });
  watch.end();
  switch (result.kind) {
    case "downloaded":
      return [{ type: "downloaded", versionNumber: await reports.end(), found: result.found }];
    case "failed":
      await reports.end();
      return [{ type: "stepFailed", failure: result.failure }];
    case "job-gone":
      return [{ type: "jobGone" }];
    case "interrupted":
      return [];
  }
}

/**
 * Interrupts the download when the agent is stopped and, while the connection is kept, when a change of the pending
 * jobs turns out to be the end of this one: cancelled, timed out, removed.
 */
function watchJob(
  { execution, target }: Effect<"download">,
  { reporter, disconnectMqtt, onJobsChange, stop }: ExecutorContext,
  interruption: Interruption,
): { end: () => void } {
  let isAsking = false;
  let isAskedAgain = false;

  async function ask(): Promise<void> {
    isAskedAgain = isAsking;
    if (isAsking) return;
    isAsking = true;
    const answer = await reporter.refreshUrl(execution, target);
    isAsking = false;
    if (answer.kind === "gone") interruption.interrupt("job-gone");
    else if (isAskedAgain && interruption.reason === undefined) await ask();
  }

  const cancels = [stop.onInterrupt(() => interruption.interrupt("stopped"))];
  if (!disconnectMqtt) cancels.push(onJobsChange(() => void ask()));
  return {
    end: () => {
      isAskedAgain = false;
      for (const cancel of cancels) cancel();
    },
  };
}

/** The slot that the boot loader goes back to is as untouchable as the running one, which the port protects itself. */
async function fallbackFault({ slots }: Device, slot: number): Promise<Failure | undefined> {
  try {
    const record = await slots.record();
    if (slot !== record.workingSlot && slot !== record.runningSlot) return undefined;
    return {
      phase: "downloading",
      reason: "slot-failed",
      detail: `slot ${slot} holds an image that may have to run`,
    };
  } catch (error) {
    return { phase: "downloading", reason: "slot-failed", detail: messageOf(error) };
  }
}

/** Reports progress beside the download, one report at a time; a refused one says that the order is gone. */
function progressReports(
  { execution, target, journal }: Effect<"download">,
  context: ExecutorContext,
  interruption: Interruption,
) {
  const { device, reporter, disconnectMqtt, progress } = context;
  const isDue = progressFilter(device.clock, progress, journal.offsetBytes, target.sizeBytes);
  let { versionNumber } = execution;
  let pendingReport: Promise<void> | undefined;

  async function send(details: UpdateReport): Promise<void> {
    const about = { ...execution, versionNumber };
    const answer = await reporter.report(about, "IN_PROGRESS", encodeStatusDetails(details));
    if (answer.kind === "taken") versionNumber = answer.versionNumber;
    if (answer.kind === "gone") interruption.interrupt("job-gone");
    pendingReport = undefined;
  }

  return {
    onProgress: (bytes: number): void => {
      const totalBytes = target.sizeBytes;
      const percent = percentOf(bytes, totalBytes);
      const details: UpdateReport = { phase: "downloading", percent, bytes, totalBytes };
      context.onProgress(details);
      if (!disconnectMqtt && pendingReport === undefined && isDue(bytes)) pendingReport = send(details);
    },
    /** Waits for the last report. The version that the reports left the execution with. */
    end: async (): Promise<number> => {
      await pendingReport;
      return versionNumber;
    },
  };
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
    // Whether the record was written is unknown: the boot loader must not act on an order that is reported FAILED.
    await device.slots.revert().catch((fault: unknown) => device.log("error", `revert: ${messageOf(fault)}`));
    const failure: Failure = { phase: "installing", reason: "slot-failed", detail: messageOf(error) };
    return [{ type: "stepFailed", failure }];
  }
}

async function restart({
  device,
  reporter,
  disconnectMqtt,
  autoReset,
}: ExecutorContext): Promise<UpdateEvent[]> {
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

async function selfTest({
  device,
  selfTest: test,
  selfTestTimeoutMs: limitMs,
}: ExecutorContext): Promise<UpdateEvent[]> {
  if (test === undefined) return [{ type: "selfTestPassed" }];
  let detail = "the self test did not pass";
  try {
    const late = () => new FotaError("REQUEST_TIMED_OUT", `the self test did not end within ${limitMs} ms`);
    // Called inside a promise, so that one that throws at once is one that fails.
    const passed = await withDeadline(device.clock, limitMs, Promise.resolve().then(test), late);
    if (passed === true) return [{ type: "selfTestPassed" }];
  } catch (error) {
    detail = messageOf(error);
  }
  return [{ type: "stepFailed", failure: { phase: "trial", reason: "self-test-failed", detail } }];
}

async function confirm({ device }: ExecutorContext): Promise<UpdateEvent[]> {
  try {
    await device.slots.accept();
    return [{ type: "confirmed" }];
  } catch (error) {
    device.log("error", `accept failed: ${messageOf(error)}`);
    // A trial that is over stays over; whatever else failed may work at the next turn.
    return isFotaError(error, "TRIAL_OVER") ? [{ type: "confirmRefused", detail: messageOf(error) }] : [];
  }
}

async function revert({ device }: ExecutorContext): Promise<UpdateEvent[]> {
  try {
    await device.slots.revert();
    return [{ type: "reverted", boot: bootOf(await device.slots.record()) }];
  } catch (error) {
    device.log("error", `revert failed: ${messageOf(error)}`);
    return [];
  }
}

async function report(
  { execution, verdict }: Effect<"report">,
  context: ExecutorContext,
): Promise<UpdateEvent[]> {
  const details = { ...verdict.details, running: await runningText(context.device) };
  context.onProgress(details);
  context.device.log("info", `job ${execution.jobId}: ${verdict.status}${describe(verdict.details)}`);
  const answer = await context.reporter.report(execution, verdict.status, encodeStatusDetails(details));
  if (answer.kind === "unanswered") return [];
  if (answer.kind === "taken" || answer.ended === verdict.status) return [{ type: "reported" }];
  context.device.log("warn", `job ${execution.jobId}: the service takes no report of it any more`);
  return [{ type: "jobGone" }];
}

function describe({ reason, detail }: UpdateReport): string {
  const said = [reason, detail].filter((part) => part !== undefined);
  return said.length === 0 ? "" : `, ${said.join(": ")}`;
}

/** What the device runs, for `statusDetails.running`: version where it states one, and slot. */
async function runningText({ slots, firmwareVersion }: Device): Promise<string> {
  const slot = await slots.record().then(
    ({ runningSlot }) => `slot ${runningSlot}`,
    () => "slot unknown",
  );
  return firmwareVersion === undefined ? slot : `${firmwareVersion}, ${slot}`;
}
