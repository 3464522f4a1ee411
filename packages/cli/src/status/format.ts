import type { PublishNeeds } from "../image/publish-command.js";
import { targetNameOf } from "../job/targets.js";
import { formatBytes, oneLine } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import { type Paint, visibleWidth } from "../terminal/paint.js";
import { cut } from "../terminal/table.js";
import { formatWrappedRows, wrapIndented } from "../terminal/wrap.js";
import { causeText } from "./cause-text.js";
import { failureCount } from "./causes.js";
import { downloadText } from "./download-text.js";
import { formatBar, formatCounts, paintStatus } from "./fleet.js";
import { formatSteps } from "./format-steps.js";
import { nextSteps } from "./next-steps.js";
import { outcomeOf } from "./outcome.js";
import type { AbortRule, JobSummary, ThingSummary } from "./result.js";
import { unreachedText } from "./unreached.js";

const BAR_WIDTH_MAX = 60;
/** A narrower text beside a name moves to the line below. */
const TEXT_MIN = 20;

/** Says how values become text. */
export interface View {
  paint: Paint;
  /** The number of characters per line. */
  columns: number;
  /** Formats a time: relative, or absolute. */
  time: (iso: string) => string;
  /** Formats a command line to type next, as `Output` does. */
  fota: Output["fota"];
  /** What a suggested `fota publish` must name. */
  publish: PublishNeeds;
}

export function formatSummary(summary: JobSummary, view: View): string {
  const { executions } = summary;
  const { paint, columns } = view;
  const things =
    executions === undefined ? formatCauses(summary, view) : [formatThings(executions, paint, columns)];
  const parts = [formatHead(summary, view), ...things, formatSteps(nextSteps(summary, view.publish), view)];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Formats everything about a job except its things: outcome, bar, counts, pace, rules. */
export function formatHead(summary: JobSummary, view: View): string {
  const { paint, columns } = view;
  const { total, description } = summary;
  const about = description === undefined ? "" : `\n${cut(description, columns)}`;
  const fleet =
    total === 0
      ? `  ${summary.status === "COMPLETED" ? "no thing got it" : "no thing has it yet"}`
      : `  ${formatBar(summary, paint, Math.min(BAR_WIDTH_MAX, columns - 4))}\n${wrapCounts(formatCounts(summary, paint), columns)}`;
  const rows = factsOf(summary, view);
  const facts =
    rows.length === 0 ? "" : `\n\n${formatWrappedRows(rows, (label) => paint("dim", label), columns)}`;
  return `${formatHeadline(summary, view)}${about}\n\n${fleet}${facts}`;
}

/** Formats the outcome with AWS's status after it. The outcome gets its own line if the job id leaves no room. */
function formatHeadline(summary: JobSummary, { paint, columns }: View): string {
  const { jobId, status, continuous } = summary;
  const { headline, style } = outcomeOf(summary);
  const job = `job ${paint("bold", jobId)}`;
  const outcome = `${paint(style, headline)}  ${paint("dim", continuous ? `${status}  continuous` : status)}`;
  const line = `${job}  ${outcome}`;
  return visibleWidth(line) <= columns ? line : `${job}\n${wrapIndented(outcome, columns, "  ")}`;
}

/** Formats name, status and report of each thing: the whole text, wrapped in its column. */
export function formatThings(things: readonly ThingSummary[], paint: Paint, columns: number): string {
  if (things.length === 0) return "  none";
  const nameWidth = Math.max(...things.map(({ thing }) => thing.length));
  const statusWidth = Math.max(...things.map(({ status }) => status.length));
  const before = nameWidth + statusWidth + 6;
  return things
    .map((thing) => {
      const status = paintStatus(thing.status, paint) + " ".repeat(statusWidth - thing.status.length);
      const head = `  ${oneLine(thing.thing).padEnd(nameWidth)}  ${status}  `;
      const indent = columns - before < TEXT_MIN ? 4 : before;
      return wrapIndented(reportText(thing), columns, head, " ".repeat(indent)).trimEnd();
    })
    .join("\n");
}

/** Returns a thing's progress, or why it ended. */
export function reportText(thing: ThingSummary): string {
  const { status, phase, percent, reason, detail, running } = thing;
  if (status === "QUEUED") return "waiting for the thing";
  if (reason !== undefined) return causeText(thing);
  if (status === "SUCCEEDED") {
    const download = downloadText(thing);
    const texts = [running && `runs ${running}`, download && `downloaded ${download}`];
    return texts.filter((text) => text !== undefined).join(", ");
  }
  if (status !== "IN_PROGRESS" || phase === undefined) return detail ?? "";
  const progress = percent === undefined ? phase : `${phase} ${percent} %`;
  return detail === undefined ? progress : `${progress}: ${detail}`;
}

/** Formats the failures by cause: each cause whole, with some of its things below. */
export function formatCauses(
  { causes, causesRead = 0, counts }: JobSummary,
  { paint, columns }: View,
): string[] {
  if (causes === undefined) return [];
  const failures = failureCount(counts);
  const sample = causesRead < failures ? ` (a sample: ${causesRead} of ${failures})` : "";
  const countWidth = Math.max(...causes.map(({ count }) => String(count).length));
  const texts = causes.map((cause) => {
    const things = cause.things.join(", ") + (cause.count > cause.things.length ? ", ..." : "");
    const head = `  ${String(cause.count).padStart(countWidth)}  ${paintStatus(cause.status, paint)}  `;
    const indent = " ".repeat(countWidth + 4);
    return `${wrapIndented(causeText(cause), columns, head, indent)}\n${paint("dim", wrapIndented(things, columns, indent))}`;
  });
  return [`causes of failure${sample}\n${texts.join("\n")}`];
}

/** Wraps counts at their commas. */
function wrapCounts(counts: string, columns: number): string {
  return counts.split(", ").reduce((text, part) => {
    const last = text.slice(text.lastIndexOf("\n") + 1);
    if (text === "") return `  ${part}`;
    return visibleWidth(`${last}, ${part}`) < columns ? `${text}, ${part}` : `${text},\n  ${part}`;
  }, "");
}

function factsOf(summary: JobSummary, { time }: View): [string, string][] {
  const {
    status,
    createdAt,
    startsAt,
    targets = [],
    queries,
    targetsToGo,
    completedAt,
    reasonCode,
    comment,
    ratePerMinute,
    expectedEnd,
    signed,
    saved,
    abort = [],
  } = summary;
  const isOver = status === "CANCELED" || status === "COMPLETED";
  const rows: [string, string | undefined][] = [
    ["to", queries && targets.map((arn) => targetNameOf(arn, queries)).join(", ")],
    ["created", createdAt && time(createdAt)],
    ["starts", startsAt && time(startsAt)],
    [
      "rollout",
      targetsToGo === undefined
        ? unreachedText({ status, targetArns: targets, total: summary.total }, summary.unreached)
        : `${countTargets(targetsToGo)} not fully reached yet`,
    ],
    ["ended", completedAt && time(completedAt)],
    ["signed", signed],
    ["saved", saved && savedText(saved, summary.counts.succeeded)],
    ["because", [reasonCode, comment].filter((text) => text !== undefined).join(": ") || undefined],
    [
      "rate",
      ratePerMinute === undefined
        ? undefined
        : `${ratePerMinute < 10 ? ratePerMinute : Math.round(ratePerMinute)} ended a minute`,
    ],
    ["expected", expectedEnd && `to end ${time(expectedEnd)}, at the current rate`],
    ...abort.map((rule): [string, string] => ["aborts", abortText(rule, isOver)]),
  ];
  return rows.flatMap(([label, text]) => (text === undefined ? [] : [[label, text] as [string, string]]));
}

function savedText(
  { bytes, imageBytes, things, read }: NonNullable<JobSummary["saved"]>,
  succeeded: number,
): string {
  const sample =
    read === undefined || read >= succeeded ? "" : ` (a sample: ${read} of the ${succeeded} that succeeded)`;
  const on = `on ${things === 1 ? "1 thing" : `${things} things`}${sample}`;
  return bytes < 0
    ? `nothing: patches cost ${formatBytes(-bytes)} more than the images, ${on}`
    : `${formatBytes(bytes)} of ${formatBytes(imageBytes)} by patches, ${on}`;
}

function countTargets(count: number): string {
  return count === 1 ? "1 target" : `${count} targets`;
}

/** Formats a rule as in `at 10 % FAILED after 20; now 7.5 %: 3 of 40 ended`. */
function abortText(
  { failureType, thresholdPercent, minEnded, failures, ended, percent, met }: AbortRule,
  isOver: boolean,
): string {
  const rule = `at ${thresholdPercent} % ${failureType === "ALL" ? "failures" : failureType} after ${minEnded} ended`;
  if (percent === null) return `${rule}; ${isOver ? "none ended before" : "none has ended yet"}`;
  const now = `${failures} of ${ended} are ${percent} %`;
  if (met) return `${rule}: reached, ${now}`;
  // After an abort, executions in progress still ended and changed the percentage.
  return `${rule}; ${isOver ? "in the end" : "now"} ${now}`;
}
