import type { ExecutionCounts } from "../aws/jobs.js";
import { formatRows } from "../format.js";
import { cutPainted, type Paint, type Style, visibleLength } from "../paint.js";
import { cut } from "../table.js";
import { failureCount } from "./causes.js";
import type { AbortRule, FailureCause, JobSummary, Overview, ThingSummary } from "./result.js";

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

const BAR_WIDTH_MAX = 60;
const SMALL_BAR_WIDTH = 16;

/** How what is read becomes text. */
export interface View {
  paint: Paint;
  /** Characters of a line. */
  columns: number;
  /** A time as people read it: relative, or absolute. */
  time: (iso: string) => string;
  /** Global options, to go on the command lines that are advised. */
  flags: string;
}

export function formatSummary(summary: JobSummary, view: View): string {
  const { executions } = summary;
  const { paint, columns } = view;
  const things =
    executions === undefined ? formatCauses(summary, view) : [formatThings(executions, paint, columns)];
  const parts = [formatHead(summary, view), ...things, ...formatNext(summary, view)];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Everything about a job but its things: state, bar, counts, pace, rules. */
export function formatHead(summary: JobSummary, view: View): string {
  const { paint, columns } = view;
  const { jobId, status, total, description } = summary;
  const head = `job ${paint("bold", jobId)}  ${paintStatus(status, paint)}${summary.continuous ? "  continuous" : ""}`;
  const about = description === undefined ? "" : `\n${cut(printable(description), columns)}`;
  const fleet =
    total === 0
      ? "  no thing has it yet"
      : `  ${formatBar(summary, paint, Math.min(BAR_WIDTH_MAX, columns - 4))}\n${wrapCounts(formatCounts(summary, paint), columns)}`;
  const rows = factsOf(summary, view);
  const facts = rows.length === 0 ? "" : `\n\n${formatRows(rows, (label) => paint("dim", label))}`;
  return `${head}${about}\n\n${fleet}${facts}`;
}

/** A line for each job: id, state, bar, counts, age. */
export function formatOverview({ jobs, more }: Overview, { paint, time, columns, flags }: View): string {
  if (jobs.length === 0) {
    return `no job goes on, and none ended in the last 24 hours; \`fota list${flags}\` shows older ones`;
  }
  const idWidth = Math.max(...jobs.map(({ jobId }) => jobId.length));
  const statusWidth = Math.max(...jobs.map(({ status }) => status.length));
  const lines = jobs.map((job) => {
    const { jobId, status, total, completedAt, createdAt } = job;
    const padding = " ".repeat(statusWidth - status.length);
    const bar = total === 0 ? " ".repeat(SMALL_BAR_WIDTH) : formatBar(job, paint, SMALL_BAR_WIDTH);
    const at = completedAt ?? createdAt;
    const age = at === undefined ? "" : `${completedAt === undefined ? "began" : "ended"} ${time(at)}, `;
    const counts = total === 0 ? "no thing has it yet" : formatCounts(job, paint);
    const state = `${paintStatus(status, paint)}${padding}`;
    return cutPainted(`${paint("bold", jobId.padEnd(idWidth))}  ${state}  ${bar}  ${age}${counts}`, columns);
  });
  const rest = more ? [`\nmore go on: fota list --status in-progress${flags}`] : [];
  return [...lines, ...rest].join("\n");
}

/** `2 succeeded, 1 in progress of 3`. */
export function formatCounts({ counts, total, targetsToGo }: JobSummary, paint: Paint): string {
  const parts = STATES.filter(({ key }) => counts[key] > 0).map(({ key, word, style }) =>
    paint(style, `${counts[key]} ${word}`),
  );
  return `${parts.join(", ")} of ${total}${targetsToGo === undefined ? "" : " so far"}`;
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

/** How far a thing is, or why it ended so. */
export function reportText({ status, phase, percent, reason, detail, running }: ThingSummary): string {
  if (status === "QUEUED") return "waiting for the thing";
  if (reason !== undefined) return printable(detail === undefined ? reason : `${reason}: ${detail}`);
  if (status === "SUCCEEDED") return running === undefined ? "" : `runs ${printable(running)}`;
  if (status !== "IN_PROGRESS" || phase === undefined) return printable(detail ?? "");
  return printable(percent === undefined ? phase : `${phase} ${percent} %`);
}

/** What failed and why, grouped. */
export function formatCauses({ causes, causesRead = 0, counts }: JobSummary, view: View): string[] {
  if (causes === undefined) return [];
  const { paint, columns } = view;
  const failures = failureCount(counts);
  const sample = causesRead < failures ? ` (a sample: ${causesRead} of ${failures})` : "";
  const countWidth = Math.max(...causes.map(({ count }) => String(count).length));
  const lines = causes.map((cause) => {
    const things = cause.things.join(", ") + (cause.count > cause.things.length ? ", ..." : "");
    const count = String(cause.count).padStart(countWidth);
    const detail = cause.detail === undefined ? "" : `  ${paint("dim", printable(cause.detail))}`;
    const line = `  ${count}  ${paintStatus(cause.status, paint)}  ${causeText(cause)}  ${things}${detail}`;
    return cutPainted(line, columns);
  });
  return [`causes of failure${sample}\n${lines.join("\n")}`];
}

function causeText({ reason, phase }: FailureCause): string {
  return printable(reason ?? (phase === undefined ? "no cause given" : `while ${phase}`));
}

/** Commands that the state of a job suggests. */
function formatNext(
  { jobId, counts, total, status, causesRead }: JobSummary,
  { paint, flags }: View,
): string[] {
  const failures = failureCount(counts);
  const going = status !== "CANCELED" && counts.queued + counts.inProgress > 0;
  const commands = [
    ...(causesRead !== undefined && causesRead < failures ? [`status ${jobId} --failed`] : []),
    ...(failures > 0 ? [`why ${jobId}`] : []),
    ...(!going && total > counts.succeeded ? [`retry ${jobId}`] : []),
  ];
  return commands.length === 0
    ? []
    : [commands.map((command) => `next: ${paint("cyan", `fota ${command}${flags}`)}`).join("\n")];
}

/** Breaks counts at their commas. */
function wrapCounts(counts: string, columns: number): string {
  return counts.split(", ").reduce((text, part) => {
    const last = text.slice(text.lastIndexOf("\n") + 1);
    if (text === "") return `  ${part}`;
    return visibleLength(`${last}, ${part}`) < columns ? `${text}, ${part}` : `${text},\n  ${part}`;
  }, "");
}

function factsOf(summary: JobSummary, { time, columns }: View): [string, string][] {
  const {
    createdAt,
    startsAt,
    targetsToGo,
    completedAt,
    reasonCode,
    comment,
    ratePerMinute,
    expectedEnd,
    abort = [],
  } = summary;
  const rows: [string, string | undefined][] = [
    ["created", createdAt && time(createdAt)],
    ["starts", startsAt && time(startsAt)],
    ["rollout", targetsToGo === undefined ? undefined : `${targets(targetsToGo)} not reached to the end yet`],
    ["ended", completedAt && time(completedAt)],
    ["because", [reasonCode, comment].filter((text) => text !== undefined).join(": ") || undefined],
    [
      "rate",
      ratePerMinute === undefined
        ? undefined
        : `${ratePerMinute < 10 ? ratePerMinute : Math.round(ratePerMinute)} ended a minute`,
    ],
    ["expected", expectedEnd && `to end ${time(expectedEnd)}, if the rate stays`],
    ...abort.map((rule): [string, string] => ["aborts", abortText(rule)]),
  ];
  return rows.flatMap(([label, text]) =>
    text === undefined ? [] : [[label, cut(printable(text), columns - 12)] as [string, string]],
  );
}

function targets(count: number): string {
  return count === 1 ? "1 target" : `${count} targets`;
}

/** `at 10 % FAILED after 20; now 7.5 %: 3 of 40 ended`. */
function abortText({
  failureType,
  thresholdPercent,
  minEnded,
  failures,
  ended,
  percent,
  met,
}: AbortRule): string {
  const rule = `at ${thresholdPercent} % ${failureType === "ALL" ? "failures" : failureType} after ${minEnded} ended`;
  if (percent === null) return `${rule}; none has ended yet`;
  const now = `${failures} of ${ended} are ${percent} %`;
  return met ? `${rule}: reached, ${now}` : `${rule}; now ${now}`;
}

/** What comes from a device or from whoever made the job could move the cursor. */
export function printable(text: string): string {
  return text.replace(/\p{C}+/gu, " ");
}

function paintStatus(status: string, paint: Paint): string {
  return paint(statusStyle(status), status);
}

export function statusStyle(status: string): Style {
  return STYLES[status] ?? "bold";
}
