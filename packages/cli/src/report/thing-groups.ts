import type { JobExecutionStatus } from "@fota/shared";
import type { ThingGroup } from "../pages/things-table.js";
import { compareNames } from "../status/compare-names.js";
import { reportText } from "../status/format.js";
import type { ThingSummary } from "../status/result.js";
import { oneLine } from "../terminal/format.js";
import { fitGroups, groupByReport, type ThingRow } from "./fit-groups.js";
import { type DurationUnit, durationSeconds, unitOf } from "./times.js";

/** Lists the statuses in the order in which a reader needs their things. */
const ORDER: readonly JobExecutionStatus[] = [
  "FAILED",
  "TIMED_OUT",
  "REJECTED",
  "IN_PROGRESS",
  "REMOVED",
  "CANCELED",
  "QUEUED",
  "SUCCEEDED",
];
/** More rows would make the file slow to open on a phone. */
const EMBEDDED_MAX = 5_000;

export interface ThingGroups {
  /** Names the cells of the rows. */
  columns: readonly string[];
  groups: readonly ThingGroup[];
  embedded: number;
  total: number;
  /** True if a report is longer than its text here. */
  areReportsCut: boolean;
}

/** Returns the last execution of each thing: an earlier attempt of a retry says nothing about where the thing stands. */
export function lastExecutions(executions: readonly ThingSummary[]): ThingSummary[] {
  const last = new Map<string, ThingSummary>();
  for (const execution of executions) {
    const before = last.get(execution.thing);
    if (before === undefined || before.executionNumber < execution.executionNumber) {
      last.set(execution.thing, execution);
    }
  }
  return [...last.values()];
}

/**
 * Returns the things as rows of a table, grouped by status and by the report that they share: up to 5,000, those that
 * need attention first. A long table cuts reports, and leaves out times where they tell least.
 */
export function thingGroupsOf(things: readonly ThingSummary[], nowMs: number): ThingGroups {
  let left = EMBEDDED_MAX;
  const withDay = hasSeveralDays(things);
  const seconds = things.flatMap((thing) => durationSeconds(thing, nowMs) ?? []).sort((a, b) => a - b);
  const unit = unitOf(seconds[Math.floor(seconds.length / 2)] ?? 0);
  const all = ORDER.flatMap((status) => {
    const rows = things
      .filter((thing) => thing.status === status)
      .sort((a, b) => compareNames(a.thing, b.thing))
      .slice(0, left)
      .map((thing) => rowOf(thing, nowMs, unit, withDay));
    left -= rows.length;
    return groupByReport(status, rows);
  });
  const columns = ["Thing", `Took, ${unit.name}`, "Report", "Last change, UTC"];
  return { columns, ...fitGroups(all), embedded: EMBEDDED_MAX - left, total: things.length };
}

function rowOf(thing: ThingSummary, nowMs: number, unit: DurationUnit, withDay: boolean): ThingRow {
  const { status, queuedAt, lastUpdatedAt } = thing;
  const seconds = durationSeconds(thing, nowMs);
  const at = status === "QUEUED" ? queuedAt : lastUpdatedAt;
  return {
    thing: thing.thing,
    took: seconds === undefined ? "" : shortNumber(seconds / unit.seconds),
    // Each queued thing waits: the group says so.
    report: status === "QUEUED" ? "" : oneLine(reportText(thing)),
    attempt: thing.executionNumber > 1 ? `attempt ${thing.executionNumber}` : "",
    at: at === undefined ? "" : withDay ? at.slice(5, 16).replace("T", " ") : at.slice(11, 16),
  };
}

/** Formats with one decimal only below 2: more digits tell nothing. */
function shortNumber(value: number): string {
  return String(value < 1.95 ? Math.round(value * 10) / 10 : Math.round(value));
}

function hasSeveralDays(things: readonly ThingSummary[]): boolean {
  const days = new Set(
    things.flatMap(({ queuedAt, lastUpdatedAt }) => [queuedAt, lastUpdatedAt]).map((at) => at?.slice(0, 10)),
  );
  days.delete(undefined);
  return days.size > 1;
}
