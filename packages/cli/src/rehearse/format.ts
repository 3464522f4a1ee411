import { formatBar, formatCounts } from "../status/fleet.js";
import { formatBytes } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import { formatWrappedRows, wrapIndented } from "../terminal/wrap.js";
import { NOT_WANTED, type RehearsalResult } from "./result.js";
import { notesOf, verdictOf } from "./verdict.js";
import { countDevices, countRuns, formatDuration, groupText, ofRuns } from "./words.js";

type Row = [label: string, value: string];
type Screen = Pick<Output, "paint" | "columns">;

const CHART_ROWS_MAX = 10;
const BAR_WIDTH_MAX = 60;
const VALUE_WIDTH_MAX = 12;
/** The columns of a table of percentiles. */
const SHARES = ["50 %", "90 %", "99 %"];

/** Formats a rehearsal: the verdict, percentiles, the typical run over time, its cost, and what was assumed. */
export function formatRehearsal(found: RehearsalResult, screen: Screen): string {
  const { paint, columns } = screen;
  const rows = [
    ...abortRows(found),
    ...costRows(found),
    ...notesOf(found).map((text, index): Row => [index === 0 ? "note" : "", text]),
    ...suggestionRows(found),
    ...learnedRows(found),
    ["fleet", fleetText(found)] as Row,
    ...(found.htmlPath === null ? [] : [["page", found.htmlPath] as Row]),
  ];
  return [
    formatVerdict(found, screen),
    formatPercentiles(found, screen),
    formatChart(found, screen),
    formatWrappedRows(rows, (label) => paint("dim", label), columns),
  ].join("\n\n");
}

function formatVerdict(found: RehearsalResult, { paint, columns }: Screen): string {
  const { tone, text } = verdictOf(found);
  const [style, mark] = MARKS[tone];
  return wrapIndented(text, columns, `${paint(style, mark)} `, "  ");
}

const MARKS = { good: ["green", "✔"], warn: ["yellow", "!"], bad: ["red", "✗"] } as const;

function formatPercentiles(found: RehearsalResult, { paint, columns }: Screen): string {
  const { abort, abortedRuns, runs, endedAfterSeconds, devicesThatRanImage, downloadedBytes } = found;
  const time = (value: number | null) => (value === null ? "never" : formatDuration(value));
  const rows: [string, string[]][] = [
    [`share of ${runs.length === 1 ? "the run" : `all ${runs.length} runs`}`, SHARES],
    ["ends by", valuesOf(endedAfterSeconds).map(time)],
    ["devices that ran it", valuesOf(devicesThatRanImage).map(String)],
    ["downloaded", valuesOf(downloadedBytes).map(formatBytes)],
    ...(abort === null
      ? []
      : ([
          [`share of the ${countRuns(abortedRuns)} that ${abortedRuns === 1 ? "aborts" : "abort"}`, SHARES],
          ["aborts by", valuesOf(abort.afterSeconds).map(time)],
          ["devices that ran it by then", valuesOf(abort.devicesThatRanImage).map(String)],
        ] satisfies [string, string[]][])),
  ];
  const labelWidth = Math.max(...rows.map(([label]) => label.length));
  const longest = Math.max(...rows.flatMap(([, values]) => values.map((value) => value.length)));
  const room = Math.floor((columns - labelWidth - 2) / SHARES.length);
  const valueWidth = Math.min(VALUE_WIDTH_MAX, Math.max(longest + 1, room));
  return rows
    .map(([label, values]) => {
      const cells = values.map((value) => value.padStart(valueWidth)).join("");
      return `  ${paint("dim", label.padEnd(labelWidth))}${values === SHARES ? paint("dim", cells) : cells}`;
    })
    .join("\n");
}

/**
 * Draws a bar for each of a few points in time whose labels differ; its whole width stands for all executions of the
 * run.
 */
function formatChart({ timeline, typicalSeed, runs }: RehearsalResult, { paint, columns }: Screen): string {
  const last = timeline.at(-1);
  const total = last === undefined ? 0 : totalOf(last.counts);
  if (last === undefined || total === 0) return "  no execution was created";
  const timeOf = ({ afterSeconds }: (typeof timeline)[number]) => formatDuration(afterSeconds);
  const distinct = timeline.filter((point, index) => {
    const next = timeline[index + 1];
    return next === undefined || timeOf(next) !== timeOf(point);
  });
  const points = pick(distinct, CHART_ROWS_MAX);
  const times = points.map(timeOf);
  const timeWidth = Math.max(...times.map((text) => text.length));
  const width = Math.max(1, Math.min(BAR_WIDTH_MAX, columns - timeWidth - 6));
  const bars = points.map(({ counts }, index) =>
    `  ${paint("dim", (times[index] ?? "").padStart(timeWidth))}  ${formatBar({ counts, total }, paint, width)}`.trimEnd(),
  );
  const which = runs.length === 1 ? `seed ${typicalSeed}` : `typical run, seed ${typicalSeed}`;
  const head = wrapIndented(
    `${which}: ${formatCounts({ counts: last.counts, total }, paint)}`,
    columns,
    "  ",
  );
  return `${head}\n${bars.join("\n")}`;
}

/** Returns at most `max` points in equal steps, the last one always. */
function pick<T>(points: readonly T[], max: number): T[] {
  if (points.length <= max) return [...points];
  return Array.from({ length: max }, (_, index) => {
    return points[Math.round((index * (points.length - 1)) / (max - 1))] as T;
  });
}

function abortRows({ runs, typicalSeed }: RehearsalResult): Row[] {
  const typical = runs.find(({ seed }) => seed === typicalSeed);
  const aborted = typical?.abort ?? runs.find(({ abort }) => abort !== null)?.abort;
  return aborted == null ? [] : [["abort", aborted.rule]];
}

function costRows({ cost }: RehearsalResult): Row[] {
  const priced = (price: number | null) => (price === null ? "" : `, ${price.toFixed(2)} ${cost.currency}`);
  const { jobActions, transferBytes } = cost;
  return [
    ["cost", `${jobActions} job ${jobActions === 1 ? "action" : "actions"}${priced(cost.jobActionsPrice)}`],
    ["", `${formatBytes(transferBytes)} to download${priced(cost.transferPrice)}`],
  ];
}

function suggestionRows({ suggestion, noSuggestion, things }: RehearsalResult): Row[] {
  if (suggestion === null) {
    return noSuggestion === null || noSuggestion === NOT_WANTED
      ? []
      : [["suggestion", `none: ${noSuggestion}`]];
  }
  const { flags, runs, lateRuns, endedAfterSeconds, falseAlarms, badImages } = suggestion;
  const end =
    endedAfterSeconds.p90 === null
      ? "some executions never end"
      : `ends by ${formatDuration(endedAfterSeconds.p90)}`;
  const late = lateRuns === 0 ? "" : `; too late for the URL or --end in ${ofRuns(lateRuns, runs)}`;
  const limit = suggestion.isWithinMaxBad
    ? ""
    : ` (--max-bad is ${countDevices(suggestion.maxBadDevices)}: too few for a rule)`;
  return [
    ["suggestion", flags.join(" ")],
    [
      "good image",
      `${end} in 9 of 10 runs${late}; aborts in ${falseAlarms.aborted} of ${falseAlarms.runs} runs`,
    ],
    ...badImages.map(
      ({ kind, share, runs: badRuns, abortedRuns, devicesThatRanImage: { p90 } }, index): Row => {
        const part = `${formatShare(p90 / things)} of the fleet`;
        return [
          `${kind} on ${100 * share} %`,
          `aborts in ${ofRuns(abortedRuns, badRuns)}; in 9 of 10, at most ${countDevices(p90)} ran it, ${part}${index === 0 ? limit : ""}`,
        ];
      },
    ),
  ];
}

function formatShare(share: number): string {
  const percent = 100 * share;
  return `${percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** Formats what was learned: from how much, and then a row for each group. */
function learnedRows({ learned, groups }: RehearsalResult): Row[] {
  if (learned === null) return [];
  const { jobIds, devices: count, executions, savedAs } = learned;
  const saved = savedAs === null ? "" : `; saved as ${savedAs}`;
  return [
    ["learned", `from ${executions} executions of ${countDevices(count)} in ${jobIds.join(", ")}${saved}`],
    ...groups.map((group): Row => ["", groupText(group)]),
  ];
}

function fleetText({
  things,
  thingsFrom,
  fleetFile,
  learned,
  groups,
  imageBytes,
  runs,
}: RehearsalResult): string {
  if (learned !== null)
    return `${countDevices(things)} (${thingsFrom}); image of ${formatBytes(imageBytes)}; ${countRuns(runs.length)}`;
  const speeds = groups.map(({ name, linkSpeed }) => {
    const { medianBytesPerSecond: median, slowBytesPerSecond: slow = median } = linkSpeed;
    const tail = slow < median ? ` (one in ten below ${formatBytes(slow)}/s)` : "";
    return `${name} at ${formatBytes(median)}/s${tail}`;
  });
  const source = fleetFile === null ? "no --fleet, so always online and no failures" : fleetFile;
  return `${countDevices(things)} (${thingsFrom}), ${source}: ${speeds.join(", ")}; image of ${formatBytes(imageBytes)}; ${countRuns(runs.length)}`;
}

function totalOf(counts: RehearsalResult["timeline"][number]["counts"]): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function valuesOf<T>({ p50, p90, p99 }: { p50: T; p90: T; p99: T }): T[] {
  return [p50, p90, p99];
}
