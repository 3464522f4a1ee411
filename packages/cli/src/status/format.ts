import { formatRows, oneLine } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import { cutPainted, type Paint, visibleLength } from "../terminal/paint.js";
import { cut } from "../terminal/table.js";
import { wrapIndented } from "../terminal/wrap.js";
import { failureCount } from "./causes.js";
import { formatBar, formatCounts, paintStatus } from "./fleet.js";
import { outcomeOf } from "./outcome.js";
import type { AbortRule, FailureCause, JobSummary, ThingSummary } from "./result.js";

const BAR_WIDTH_MAX = 60;

/** How what is read becomes text. */
export interface View {
  paint: Paint;
  /** Characters of a line. */
  columns: number;
  /** A time as people read it: relative, or absolute. */
  time: (iso: string) => string;
  /** A command line to type next, as `Output` makes it. */
  fota: Output["fota"];
}

export function formatSummary(summary: JobSummary, view: View): string {
  const { executions } = summary;
  const { paint, columns } = view;
  const things =
    executions === undefined ? formatCauses(summary, view) : [formatThings(executions, paint, columns)];
  const parts = [formatHead(summary, view), ...things, ...formatNext(summary, view)];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Everything about a job but its things: outcome, bar, counts, pace, rules. */
export function formatHead(summary: JobSummary, view: View): string {
  const { paint, columns } = view;
  const { total, description } = summary;
  const about = description === undefined ? "" : `\n${cut(description, columns)}`;
  const fleet =
    total === 0
      ? "  no thing has it yet"
      : `  ${formatBar(summary, paint, Math.min(BAR_WIDTH_MAX, columns - 4))}\n${wrapCounts(formatCounts(summary, paint), columns)}`;
  const rows = factsOf(summary, view);
  const facts = rows.length === 0 ? "" : `\n\n${formatRows(rows, (label) => paint("dim", label))}`;
  return `${formatHeadline(summary, view)}${about}\n\n${fleet}${facts}`;
}

/** The outcome, with AWS's own word for the state behind it. It gets a line of its own where the job id leaves no room. */
function formatHeadline(summary: JobSummary, { paint, columns }: View): string {
  const { jobId, status, continuous } = summary;
  const { headline, style } = outcomeOf(summary);
  const job = `job ${paint("bold", jobId)}`;
  const outcome = `${paint(style, headline)}  ${paint("dim", continuous ? `${status}  continuous` : status)}`;
  const line = `${job}  ${outcome}`;
  return visibleLength(line) <= columns ? line : `${job}\n${wrapIndented(outcome, columns, "  ")}`;
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
      return `  ${oneLine(thing.thing).padEnd(nameWidth)}  ${status}  ${room < 20 ? oneLine(text) : cut(text, room)}`.trimEnd();
    })
    .join("\n");
}

/** How far a thing is, or why it ended so. */
export function reportText({ status, phase, percent, reason, detail, running }: ThingSummary): string {
  if (status === "QUEUED") return "waiting for the thing";
  if (reason !== undefined) return detail === undefined ? reason : `${reason}: ${detail}`;
  if (status === "SUCCEEDED") return running === undefined ? "" : `runs ${running}`;
  if (status !== "IN_PROGRESS" || phase === undefined) return detail ?? "";
  return percent === undefined ? phase : `${phase} ${percent} %`;
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
    const detail = cause.detail === undefined ? "" : `  ${paint("dim", cause.detail)}`;
    const line = `  ${count}  ${paintStatus(cause.status, paint)}  ${causeText(cause)}  ${things}${detail}`;
    return cutPainted(line, columns);
  });
  return [`causes of failure${sample}\n${lines.join("\n")}`];
}

function causeText({ reason, phase }: FailureCause): string {
  return reason ?? (phase === undefined ? "no cause given" : `while ${phase}`);
}

/** Commands that the state of a job suggests. */
function formatNext(
  { jobId, counts, total, status, causesRead }: JobSummary,
  { paint, fota }: View,
): string[] {
  const failures = failureCount(counts);
  const going = status !== "CANCELED" && counts.queued + counts.inProgress > 0;
  const commands = [
    ...(causesRead !== undefined && causesRead < failures ? [["status", jobId, "--failed"]] : []),
    ...(failures > 0 ? [["why", jobId]] : []),
    ...(!going && total > counts.succeeded ? [["retry", jobId]] : []),
  ];
  return commands.length === 0
    ? []
    : [commands.map((command) => `next: ${paint("cyan", fota(...command))}`).join("\n")];
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
    status,
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
  const isOver = status === "CANCELED" || status === "COMPLETED";
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
    ...abort.map((rule): [string, string] => ["aborts", abortText(rule, isOver)]),
  ];
  return rows.flatMap(([label, text]) =>
    text === undefined ? [] : [[label, cut(text, columns - 12)] as [string, string]],
  );
}

function targets(count: number): string {
  return count === 1 ? "1 target" : `${count} targets`;
}

/** `at 10 % FAILED after 20; now 7.5 %: 3 of 40 ended`. */
function abortText(
  { failureType, thresholdPercent, minEnded, failures, ended, percent, met }: AbortRule,
  isOver: boolean,
): string {
  const rule = `at ${thresholdPercent} % ${failureType === "ALL" ? "failures" : failureType} after ${minEnded} ended`;
  if (percent === null) return `${rule}; none has ended yet`;
  const now = `${failures} of ${ended} are ${percent} %`;
  if (met) return `${rule}: reached, ${now}`;
  // After an abort, what things were at went on to the end and moved the percentage.
  return `${rule}; ${isOver ? "in the end" : "now"} ${now}`;
}
