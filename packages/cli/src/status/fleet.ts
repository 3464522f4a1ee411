import type { ExecutionCounts } from "../aws/jobs.js";
import type { Paint, Style } from "../terminal/paint.js";
import type { JobSummary } from "./result.js";

/**
 * Lists the states in the order in which things pass through them. Canceled and removed have their own mark and color,
 * so that they do not look like failures.
 */
export const STATES: readonly { key: keyof ExecutionCounts; word: string; style: Style; mark: string }[] = [
  { key: "succeeded", word: "succeeded", style: "green", mark: "█" },
  { key: "failed", word: "failed", style: "red", mark: "▓" },
  { key: "timedOut", word: "timed out", style: "red", mark: "▓" },
  { key: "rejected", word: "rejected", style: "red", mark: "▓" },
  { key: "removed", word: "removed", style: "magenta", mark: "─" },
  { key: "canceled", word: "canceled", style: "magenta", mark: "─" },
  { key: "inProgress", word: "in progress", style: "cyan", mark: "▒" },
  { key: "queued", word: "queued", style: "dim", mark: "░" },
];

const STYLES: Readonly<Record<string, Style>> = {
  SUCCEEDED: "green",
  COMPLETED: "green",
  FAILED: "red",
  TIMED_OUT: "red",
  REJECTED: "red",
  IN_PROGRESS: "cyan",
  REMOVED: "magenta",
  CANCELED: "magenta",
};

/** Formats counts as in `2 succeeded, 1 in progress of 3`. */
export function formatCounts(
  { counts, total, targetsToGo }: Pick<JobSummary, "counts" | "total" | "targetsToGo">,
  paint: Paint,
): string {
  const parts = STATES.filter(({ key }) => counts[key] > 0).map(({ key, word, style }) =>
    paint(style, `${counts[key]} ${word}`),
  );
  return `${parts.join(", ")} of ${total}${targetsToGo === undefined ? "" : " so far"}`;
}

/** Draws a bar of `width` characters in which each state has its share. */
export function formatBar(
  { counts, total }: Pick<JobSummary, "counts" | "total">,
  paint: Paint,
  width: number,
): string {
  let drawn = 0;
  let upTo = 0;
  return STATES.map(({ key, style, mark }) => {
    upTo += counts[key];
    const end = Math.round((upTo / total) * width);
    const part = mark.repeat(end - drawn);
    drawn = end;
    return part === "" ? "" : paint(style, part);
  }).join("");
}

export function paintStatus(status: string, paint: Paint): string {
  return paint(statusStyle(status), status);
}

export function statusStyle(status: string): Style {
  return STYLES[status] ?? "bold";
}
