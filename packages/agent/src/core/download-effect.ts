import { encodeStatusDetails, messageOf, type UpdateReport } from "@fota/shared";
import { downloadImage } from "./download.js";
import type { DownloadRequest, DownloadResult, FreshUrl } from "./download-request.js";
import type { Advance, Effect, ExecutorContext } from "./executor-context.js";
import { Interruption } from "./interruption.js";
import type { Device } from "./ports.js";
import { percentOf, progressFilter } from "./progress.js";
import type { Failure, UpdateEvent, UpdateTarget } from "./update-state.js";
import { verifyImage } from "./verify.js";

/**
 * Downloads the image of a job. Reports progress while the connection is kept. Ends early if the job is gone or the
 * agent stops. Rejects only if `advance` does.
 */
export async function downloadForJob(
  effect: Effect<"download">,
  context: ExecutorContext,
  advance: Advance,
): Promise<UpdateEvent[]> {
  const { device, reporter, disconnectMqtt } = context;
  const { target, journal } = effect;
  if (disconnectMqtt) await reporter.disconnect();
  const interruption = new Interruption();
  const watch = watchJob(effect, context, interruption);
  const reports = progressReports(effect, context, interruption);
  reports.onProgress(journal.offsetBytes); // the first write may be minutes away on a slow link
  async function freshUrl(): Promise<FreshUrl> {
    const answer = await reporter.refreshUrl(effect.execution, target);
    if (disconnectMqtt) await reporter.disconnect();
    return answer.kind === "gone" ? { kind: "job-gone" } : answer;
  }
  const result = await downloadSafely(device, {
    target,
    journal,
    tuning: context.download,
    urlRules: context.urlRules,
    holdsOther: context.holdsOther(target),
    saveJournal: (advanced) => advance({ type: "downloadAdvanced", journal: advanced }),
    freshUrl,
    // While the connection is kept, a notification reports a cancel.
    refreshBetweenAttempts: disconnectMqtt ? freshUrl : undefined,
    onProgress: reports.onProgress,
    interruption,
  });
  watch.end();
  switch (result.kind) {
    case "downloaded":
      return [{ ...result, type: "downloaded", versionNumber: await reports.end() }];
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
 * Downloads an image without a job, and verifies it. Returns why its slot does not hold it, or `undefined` if it does.
 * Does not resume after a restart. Never rejects.
 */
export async function downloadWithoutJob(
  device: Device,
  target: UpdateTarget,
  options: Pick<DownloadRequest, "tuning" | "urlRules" | "holdsOther" | "saveJournal" | "onProgress">,
): Promise<Failure | undefined> {
  const result = await downloadSafely(device, {
    ...options,
    target,
    journal: { offsetBytes: 0 },
    freshUrl: async () => ({ kind: "url", url: target.url }),
    interruption: new Interruption(),
  });
  if (result.kind === "failed") return result.failure;
  return await verifyImage(device.slots, target, result.kind === "downloaded" ? result.found : undefined);
}

/** Downloads, unless the slot holds the running or the working image: the port protects only the running one. */
async function downloadSafely(device: Device, request: DownloadRequest): Promise<DownloadResult> {
  const { slot } = request.target;
  let detail = `slot ${slot} holds the running image or the one to revert to`;
  try {
    const record = await device.slots.record();
    if (slot !== record.workingSlot && slot !== record.runningSlot) {
      return await (device.delta?.download(device, request) ?? downloadImage(device, request));
    }
  } catch (error) {
    detail = messageOf(error);
  }
  return { kind: "failed", failure: { phase: "downloading", reason: "slot-failed", detail } };
}

/**
 * Interrupts the download when the agent stops. While the connection is kept, asks the service after each notification
 * whether the job is gone: canceled, timed out or removed.
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

/** Reports progress during the download, one report at a time. A refused report means that the job is gone. */
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
    const answer = await reporter.report(
      { ...execution, versionNumber },
      "IN_PROGRESS",
      encodeStatusDetails(details),
    );
    if (answer.kind === "accepted") versionNumber = answer.versionNumber;
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
    /** Waits for the last report. Returns the version of the execution after it. */
    end: async (): Promise<number> => {
      await pendingReport;
      return versionNumber;
    },
  };
}
