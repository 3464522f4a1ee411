import type { JobExecutionStatus } from "@fota/shared";
import { COUNT_KEYS } from "../aws/jobs.js";
import { grouped } from "../grouped.js";
import { STATUS_LOOKS } from "../pages/look.js";
import { groupHtml, type ThingGroup } from "../pages/things-table.js";
import { isFailure } from "../status/causes.js";
import { STATES } from "../status/fleet.js";
import { cut } from "../terminal/table.js";

/** Holds one thing as texts. */
export interface ThingRow {
  thing: string;
  took: string;
  report: string;
  attempt: string;
  at: string;
}

/** Holds things with the same status. */
export interface ReportGroup {
  status: JobExecutionStatus;
  /** The report of all of them, or how all of their reports begin; the rows have only the rest. */
  report?: string;
  rows: readonly ThingRow[];
}

/** Number of things with the same report from which they are a group of their own. */
const SHARED_MIN = 3;
/** Limits the groups of a status: firmware may report something else on each thing. */
const SHARED_MAX = 8;
/** Keeps a report about 1,000 things below 60 kB: the other panels take up to 29 kB. */
const TABLE_BYTES_MAX = 30_500;
/** More things or longer names get so much for each thing, beside the name. */
const ROW_BYTES = 5;

interface Fit {
  /** Tells whether things of a status show when they changed, and how long they took. */
  hasTime: (status: JobExecutionStatus) => boolean;
  hasTook: (status: JobExecutionStatus) => boolean;
  /** Cuts reports to this width. */
  reportMax: number;
}

const always = () => true;
const never = () => false;

/** Lists how to make the table shorter, the least loss first. Other panels show how long updates took. */
const FITS: readonly Fit[] = [
  { hasTime: always, hasTook: always, reportMax: Number.POSITIVE_INFINITY },
  { hasTime: isFailure, hasTook: always, reportMax: Number.POSITIVE_INFINITY },
  { hasTime: isFailure, hasTook: always, reportMax: 300 },
  { hasTime: isFailure, hasTook: always, reportMax: 150 },
  { hasTime: never, hasTook: always, reportMax: 100 },
  { hasTime: never, hasTook: isFailure, reportMax: 100 },
  { hasTime: never, hasTook: isFailure, reportMax: 60 },
  { hasTime: never, hasTook: never, reportMax: 40 },
  { hasTime: never, hasTook: never, reportMax: 25 },
  { hasTime: never, hasTook: never, reportMax: 20 },
];

/**
 * Groups failures by the reports that several of them share, the most frequent first, then by the reasons at the
 * beginning of the other reports.
 */
export function groupByReport(status: JobExecutionStatus, rows: readonly ThingRow[]): ReportGroup[] {
  if (!isFailure(status)) return [{ status, rows }];
  const same = splitByText(rows, ({ report }) => report);
  const alike = splitByText(same.rest, ({ report }) => report.slice(0, Math.max(0, report.indexOf(": "))));
  return [
    ...[...same.shared, ...alike.shared].map(([report, some]) => ({
      status,
      report,
      rows: some.map((row) => ({ ...row, report: row.report.slice(report.length).replace(/^: /, "") })),
    })),
    { status, rows: alike.rest },
  ];
}

/** Returns the rows that have a text in common with enough others, the most frequent text first, and the rest. */
function splitByText(
  rows: readonly ThingRow[],
  textOf: (row: ThingRow) => string,
): { shared: [text: string, rows: ThingRow[]][]; rest: ThingRow[] } {
  const shared = grouped(rows, textOf)
    .map((some): [string, ThingRow[]] => [textOf(some[0]), some])
    .filter(([text, some]) => text !== "" && some.length >= SHARED_MIN)
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, SHARED_MAX);
  const isShared = new Set(shared.map(([text]) => text));
  return { shared, rest: rows.filter((row) => !isShared.has(textOf(row))) };
}

/** Returns the groups of a table that is short enough to mail and to open on a phone. */
export function fitGroups(all: readonly ReportGroup[]): {
  groups: readonly ThingGroup[];
  areReportsCut: boolean;
} {
  const rows = all.flatMap((group) => group.rows);
  const names = rows.reduce((sum, { thing }) => sum + Buffer.byteLength(thing) + "<tr><th>".length, 0);
  const bytesMax = Math.max(TABLE_BYTES_MAX, names + ROW_BYTES * rows.length);
  for (const fit of FITS) {
    const groups = all.map((group) => thingGroupOf(group, fit));
    const bytes = groups.reduce((sum, group) => sum + Buffer.byteLength(groupHtml(group, 4)), 0);
    if (bytes <= bytesMax || fit === FITS.at(-1)) {
      const isCut = (text: string) => cut(text, fit.reportMax) !== text;
      const areReportsCut = all.some(
        ({ report = "", rows }) => isCut(report) || rows.some((row) => isCut(row.report)),
      );
      return { groups, areReportsCut };
    }
  }
  return { groups: [], areReportsCut: false };
}

function thingGroupOf(
  { status, report, rows }: ReportGroup,
  { hasTime, hasTook, reportMax }: Fit,
): ThingGroup {
  const key = COUNT_KEYS[status];
  return {
    label: STATES.find((state) => state.key === key)?.word ?? status,
    tone: STATUS_LOOKS[key].tone,
    ...(report !== undefined && { report: cut(report, reportMax) }),
    rows: rows.map((row) => {
      const text = [cut(row.report, reportMax), row.attempt].filter((part) => part !== "").join("; ");
      return [row.thing, hasTook(status) ? row.took : "", text, ...(hasTime(status) ? [row.at] : [])];
    }),
  };
}
