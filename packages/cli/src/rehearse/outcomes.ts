import type { UpdatePhase } from "@fota/shared";
import type { Attempts } from "./attempts.js";

/** A device that runs the image already reports after this part of a usual attempt at the latest. */
const QUICK_PART = 0.5;
const EARLY_PHASES: ReadonlySet<UpdatePhase | undefined> = new Set<UpdatePhase>([
  "starting",
  "downloading",
  "verifying",
  "installing",
]);

type End = "succeeded" | "rejected" | "trialFailed" | "hung" | "notDownloaded";

/** Says what the image did on one device, and counts what happened to its attempts. */
export interface Outcome {
  started: boolean;
  end: End;
  downloads: number;
  failedDownloads: number;
  successes: number;
  lostReports: number;
}

/** Works out what the image did on one device. Where the executions leave it open, it assumes the worse. */
export function outcomeOf(
  { executions }: Attempts,
  lastStarts: ReadonlyMap<string, number>,
  usualMs: number,
): Outcome {
  const outcome: Outcome = {
    started: false,
    end: "notDownloaded",
    downloads: 0,
    failedDownloads: 0,
    successes: 0,
    lostReports: 0,
  };
  let hasImage = false;
  for (const [index, execution] of executions.entries()) {
    const { status, startedMs, lastUpdatedMs, report } = execution;
    if (startedMs === undefined) continue;
    outcome.started = true;
    const next = executions[index + 1];
    if (status === "REJECTED") {
      outcome.end = "rejected";
      continue;
    }
    if (report?.reason === "url-refused") continue; // The URL had expired: the rehearsal knows that itself.
    if (!hasImage) outcome.downloads += 1;
    if (status === "FAILED" && EARLY_PHASES.has(report?.phase)) {
      outcome.failedDownloads += 1;
      continue;
    }
    hasImage = true;
    if (status === "FAILED") outcome.end = "trialFailed";
    else if (status === "SUCCEEDED") {
      outcome.end = "succeeded";
      outcome.successes += 1;
    } else if (status === "TIMED_OUT" || status === "IN_PROGRESS") {
      const answersAgain =
        next?.startedMs !== undefined || (lastStarts.get(execution.thing) ?? 0) > lastUpdatedMs;
      const isQuick =
        next?.status === "SUCCEEDED" &&
        next.startedMs !== undefined &&
        next.lastUpdatedMs - next.startedMs < QUICK_PART * usualMs;
      if (isQuick) {
        outcome.successes += 1;
        outcome.lostReports += 1;
      }
      if (!answersAgain) outcome.end = "hung";
    }
  }
  return outcome;
}

export function countEnds(outcomes: readonly Outcome[], end: End): number {
  return outcomes.filter((outcome) => outcome.end === end).length;
}
