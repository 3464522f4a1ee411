import { invalidRequest } from "../errors.js";
import { nextOccurrence, parseCron } from "./cron.js";
import type { Job, SchedulingConfig, TargetSelection } from "./job.js";

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS;
/** Shortest time before a start, and between start and end. Source: AWS IoT API Reference, SchedulingConfig. */
const LEAD_MS = 30 * MINUTE_MS;
/** Number of upcoming windows that DescribeJob shows. */
const UPCOMING_WINDOWS_MAX = 7;

export interface ScheduleState {
  /** The start time has passed and, if there are maintenance windows, one of them is open. */
  open: boolean;
  /** The end time has passed. */
  ended: boolean;
  /** When one of the two can change next; always in the future. */
  changesAtMs?: number;
}

const ALWAYS_OPEN: Readonly<ScheduleState> = { open: true, ended: false };

/** Returns the state of a schedule at a time. A job without a schedule is always open. */
export function scheduleAt(config: SchedulingConfig | undefined, nowMs: number): Readonly<ScheduleState> {
  if (config === undefined) return ALWAYS_OPEN;
  const startMs = parseOptionalTime(config.startTime) ?? Number.NEGATIVE_INFINITY;
  const endMs = parseOptionalTime(config.endTime) ?? Number.POSITIVE_INFINITY;
  const windows = windowsAt(config, nowMs);
  const changes = [startMs, endMs, windows.changesAtMs].filter((timeMs) => timeMs > nowMs);
  const changesAtMs = Math.min(...changes);
  return {
    open: nowMs >= startMs && windows.open,
    ended: nowMs >= endMs,
    ...(Number.isFinite(changesAtMs) && { changesAtMs }),
  };
}

/** Returns whether the job's end time has passed, so that it creates no more executions. */
export function isPastEndTime(job: Pick<Job, "schedulingConfig">, nowMs: number): boolean {
  return (parseOptionalTime(job.schedulingConfig?.endTime) ?? Number.POSITIVE_INFINITY) <= nowMs;
}

/** Returns the start times of the next maintenance windows, in milliseconds since 1970, earliest first. */
export function upcomingWindows(config: SchedulingConfig | undefined, nowMs: number): number[] {
  if (config === undefined) return [];
  const firstMs = Math.max(nowMs, (parseOptionalTime(config.startTime) ?? 0) - 1);
  const starts = (config.maintenanceWindows ?? []).flatMap(({ startTime }) => {
    const found: number[] = [];
    for (let afterMs: number | undefined = firstMs; found.length < UPCOMING_WINDOWS_MAX; ) {
      afterMs = nextOccurrence(parseCron(startTime), afterMs);
      if (afterMs === undefined) break;
      found.push(afterMs);
    }
    return found;
  });
  const endMs = parseOptionalTime(config.endTime) ?? Number.POSITIVE_INFINITY;
  const coming = [...new Set(starts)].filter((startMs) => startMs < endMs);
  return coming.sort((a, b) => a - b).slice(0, UPCOMING_WINDOWS_MAX);
}

/** @throws {AwsError} InvalidRequest for times and windows that AWS does not accept at `nowMs` */
export function checkSchedule(config: SchedulingConfig, selection: TargetSelection, nowMs: number): void {
  const { startTime, endTime, endBehavior, maintenanceWindows = [] } = config;
  const startMs = startTime === undefined ? undefined : parseTime("startTime", startTime);
  const endMs = endTime === undefined ? undefined : parseTime("endTime", endTime);
  if (startMs !== undefined && (startMs < nowMs + LEAD_MS || startMs > nowMs + YEAR_MS)) {
    throw invalidRequest(`startTime ${startTime} must be at least 30 minutes and at most one year from now`);
  }
  if (endMs !== undefined && (endMs < (startMs ?? nowMs) + LEAD_MS || endMs > nowMs + 2 * YEAR_MS)) {
    throw invalidRequest(
      `endTime ${endTime} must be at least 30 minutes after the start and at most two years from now`,
    );
  }
  if (endBehavior !== undefined && endMs === undefined) throw invalidRequest("endBehavior needs an endTime");
  if (maintenanceWindows.length > 0 && selection !== "CONTINUOUS") {
    throw invalidRequest("maintenanceWindows need targetSelection CONTINUOUS");
  }
  for (const { startTime: expression } of maintenanceWindows) {
    if (nextOccurrence(parseCron(expression), startMs ?? nowMs) === undefined) {
      throw invalidRequest(`The maintenance window ${expression} never opens`);
    }
  }
}

function windowsAt(config: SchedulingConfig | undefined, nowMs: number) {
  const windows = config?.maintenanceWindows ?? [];
  let open = windows.length === 0;
  let changesAtMs = Number.POSITIVE_INFINITY;
  for (const { startTime, durationInMinutes } of windows) {
    const durationMs = durationInMinutes * MINUTE_MS;
    // The first window that has not closed yet. It is open if it has started.
    const startMs = nextOccurrence(parseCron(startTime), nowMs - durationMs) ?? Number.POSITIVE_INFINITY;
    if (startMs <= nowMs) open = true;
    changesAtMs = Math.min(changesAtMs, startMs <= nowMs ? startMs + durationMs : startMs);
  }
  return { open, changesAtMs };
}

/** Parses a time that has been checked before. */
function parseOptionalTime(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseTime("time", text);
}

/**
 * Parses `2026-11-24T10:00`, optionally with seconds, a space instead of the T, and a time zone; the default is UTC.
 */
function parseTime(name: string, text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  const [, date, minutes, seconds = "", zone = "Z"] = match ?? [];
  const timeMs = Date.parse(`${date}T${minutes}${seconds}${zone.replace(/^(...)(\d\d)$/, "$1:$2")}`);
  if (match === null || Number.isNaN(timeMs)) {
    throw invalidRequest(`Invalid ${name} ${text}: write it in UTC, such as 2026-11-24T10:00`);
  }
  return timeMs;
}
