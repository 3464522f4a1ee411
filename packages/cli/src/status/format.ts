import type { ExecutionCounts } from "../aws/jobs.js";
import type { Paint, Style } from "../paint.js";
import { cut } from "../table.js";
import type { JobSummary, ThingSummary } from "./result.js";

/** In the order in which things pass through them; words as people say them. */
const STATES: readonly { key: keyof ExecutionCounts; word: string; style: Style; mark: string }[] = [
  { key: "succeeded", word: "succeeded", style: "green", mark: "█" },
  { key: "failed", word: "failed", style: "red", mark: "▓" },
  { key: "timedOut", word: "timed out", style: "red", mark: "▓" },
  { key: "rejected", word: "rejected", style: "red", mark: "▓" },
  { key: "removed", word: "removed", style: "yellow", mark: "▓" },
  { key: "canceled", word: "canceled", style: "yellow", mark: "▓" },
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
  REMOVED: "yellow",
  CANCELED: "yellow",
};

const BAR_WIDTH_MAX = 40;

export function formatSummary(summary: JobSummary, paint: Paint, columns: number): string {
  const { jobId, status, total, executions } = summary;
  const head = `job ${paint("bold", jobId)}  ${paintStatus(status, paint)}`;
  if (total === 0) return `${head}\n\n  no thing has it yet`;
  const bar = formatBar(summary, paint, Math.min(BAR_WIDTH_MAX, columns - 4));
  const things = executions === undefined ? [] : ["", formatThings(executions, paint, columns)];
  return [head, "", `  ${bar}`, `  ${formatCounts(summary, paint)}`, ...things].join("\n");
}

/** `2 succeeded, 1 in progress of 3`. */
export function formatCounts({ counts, total }: JobSummary, paint: Paint): string {
  const parts = STATES.filter(({ key }) => counts[key] > 0).map(({ key, word, style }) =>
    paint(style, `${counts[key]} ${word}`),
  );
  return `${parts.join(", ")} of ${total}`;
}

/** One line a thing: name, status, and how far it is or why it ended so. */
export function formatThings(things: readonly ThingSummary[], paint: Paint, columns: number): string {
  if (things.length === 0) return "  none";
  const nameWidth = Math.max(...things.map(({ thing }) => thing.length));
  const statusWidth = Math.max(...things.map(({ status }) => status.length));
  return things
    .map((thing) => {
      const text = reportText(thing);
      const room = columns - nameWidth - statusWidth - 6;
      const status = paintStatus(thing.status, paint) + " ".repeat(statusWidth - thing.status.length);
      return `  ${thing.thing.padEnd(nameWidth)}  ${status}  ${room < 20 ? text : cut(text, room)}`.trimEnd();
    })
    .join("\n");
}

function formatBar({ counts, total }: JobSummary, paint: Paint, width: number): string {
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

function reportText({ status, phase, percent, reason, detail, running }: ThingSummary): string {
  if (status === "QUEUED") return "waiting for the thing";
  if (reason !== undefined) return detail === undefined ? reason : `${reason}: ${detail}`;
  if (status === "SUCCEEDED") return running === undefined ? "" : `runs ${running}`;
  if (status !== "IN_PROGRESS" || phase === undefined) return detail ?? "";
  return percent === undefined ? phase : `${phase} ${percent} %`;
}

function paintStatus(status: string, paint: Paint): string {
  return paint(STYLES[status] ?? "bold", status);
}
