import type { RehearsalResult } from "./result.js";
import { countDevices, formatDuration, ofRuns } from "./words.js";

/** How a rehearsal ends, in one sentence. */
export interface RehearsalVerdict {
  tone: "good" | "warn" | "bad";
  text: string;
}

/** Returns how a rehearsal ends, and whether that is good. */
export function verdictOf(found: RehearsalResult): RehearsalVerdict {
  const { abortedRuns, abort, runs } = found;
  if (abort === null) return endVerdict(found);
  const { p50, p99 } = abort.devicesThatRanImage;
  const fires = `the abort rule fires in ${ofRuns(abortedRuns, runs.length)}`;
  return {
    tone: "bad",
    text:
      abortedRuns === 1 || p50 === p99
        ? `${fires}, after ${countDevices(p50)} ran the new image`
        : `${fires}; in half of these, at most ${countDevices(p50)} ran the new image before`,
  };
}

function endVerdict({ runs, endedAfterSeconds }: RehearsalResult): RehearsalVerdict {
  const unfinished = runs.filter(({ result }) => result === "unfinished").length;
  const canceled = runs.filter(({ result }) => result === "canceled").length;
  if (unfinished > 0) {
    return {
      tone: "warn",
      text: `does not end within 30 days in ${ofRuns(unfinished, runs.length)}: some executions stay pending`,
    };
  }
  const end = endedAfterSeconds.p50 === null ? "never" : `after ${formatDuration(endedAfterSeconds.p50)}`;
  const share = runs.length === 1 ? "" : " in half of the runs";
  if (canceled > 0) {
    return {
      tone: "warn",
      text: `--end cancels it in ${ofRuns(canceled, runs.length)}; ends ${end}${share}`,
    };
  }
  return { tone: "good", text: `ends ${end}${share}` };
}

/** Returns what a reader should know of the figures. */
export function notesOf({ job, fleetFile, learned, runs, urlLifetimeSeconds }: RehearsalResult): string[] {
  const notes: string[] = [];
  if (job["abortConfig"] !== undefined) {
    notes.push("abort percentages count only ended executions; one that hangs ends by --thing-timeout");
    if (fleetFile === null && learned === null)
      notes.push("without --fleet no update fails, so no abort rule can fire");
  }
  const pending = runs.filter(({ result }) => result === "unfinished").map(({ counts }) => counts);
  if (pending.some(({ inProgress }) => inProgress > 0) && job["timeoutConfig"] === undefined) {
    notes.push("without --thing-timeout, a device that hangs or loses its report stays in progress");
  }
  if (pending.some(({ queued }) => queued > 0)) {
    notes.push("a device that does not come online stays queued; --end +7d --at-end cancel ends that");
  }
  if (runs.some(({ expiredUrls }) => expiredUrls > 0) && urlLifetimeSeconds !== null) {
    notes.push(
      `the URL expires after ${formatDuration(urlLifetimeSeconds)}, so devices that start later fail; --presign iot avoids that`,
    );
  }
  return notes;
}
