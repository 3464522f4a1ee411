import type { Output } from "../terminal/output.js";
import type { CancelPlan } from "./cancel.js";
import type { Cancellation } from "./result.js";

/** Formats the question: who is affected, and what that means for a device. */
export function questionOf({ jobId, thing, force, stragglers, queued, inProgress }: CancelPlan): string {
  if (thing !== undefined) {
    const effect = inProgress > 0 ? `; it is in progress: it stops and stays on the image that it runs` : "";
    return `cancel job ${jobId} on ${thing}${effect}?`;
  }
  const waiting = stragglers
    ? []
    : [`${things(queued)} ${queued === 1 ? "waits and gets" : "wait and get"} no update`];
  const are = inProgress === 1 ? "is" : "are";
  const fate = force
    ? "stop and stay on the image that they run"
    : "complete the update (--force stops them)";
  const busy = inProgress === 0 ? [] : [`${things(inProgress)} ${are} in progress: they ${fate}`];
  return [...waiting, ...busy, `cancel job ${jobId}?`].join("\n");
}

export function formatCancellation(
  { jobId, thing, changed, canceled, goingOn }: Cancellation,
  { paint, fota }: Pick<Output, "paint" | "fota">,
): string {
  const what = `job ${paint("bold", jobId)}${thing === undefined ? "" : ` on ${thing}`}`;
  const busy =
    goingOn === 0
      ? []
      : [
          `  ${things(goingOn)} still in progress; to stop them: ${paint("cyan", fota("cancel", jobId, "--force"))}`,
        ];
  if (!changed) return [`${what} is canceled already: nothing to do`, ...busy].join("\n");
  // Counted before: a thing may have ended or begun the job since.
  const count = thing === undefined && canceled > 0 ? ` for at most ${things(canceled)}` : "";
  return [`${paint("green", "✔")} ${what} canceled${count}`, ...busy].join("\n");
}

function things(count: number): string {
  return count === 1 ? "1 thing" : `${count} things`;
}
