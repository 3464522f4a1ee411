import { invalidRequest } from "../errors.js";
import { nextOccurrence, parseCron } from "./cron.js";
import type { Job, SchedulingConfig, TargetSelection } from "./job.js";

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS;
/** AWS IoT API Reference, SchedulingConfig: the least time before a start, and between start and end. */
const LEAD_MS = 30 * MINUTE_MS;
/** The windows to come that DescribeJob shows. */
const SHOWN_WINDOWS = 7;

export interface ScheduleState {
  /** The start has come and, with maintenance windows, one of them is open. */
  open: boolean;
  /** The end has come. */
  ended: boolean;
  /** When one of the two changes at the earliest; always in the future. */
  changesAtMs?: number;
}

/** Where a schedule stands at a moment. What has none is open for ever. */
export function scheduleAt(config: SchedulingConfig | undefined, nowMs: number): ScheduleState {
  const startMs = timeOf(config?.startTime) ?? Number.NEGATIVE_INFINITY;
  const endMs = timeOf(config?.endTime) ?? Number.POSITIVE_INFINITY;
  const windows = windowsAt(config, nowMs);
  const changes = [startMs, endMs, windows.changesAtMs].filter((timeMs) => timeMs > nowMs);
  const changesAtMs = Math.min(...changes);
  return {
    open: nowMs >= startMs && windows.open,
    ended: nowMs >= endMs,
    ...(Number.isFinite(changesAtMs) && { changesAtMs }),
  };
}

/** Whether a job creates no executions any more because its end has come. */
export function hasEnded(job: Pick<Job, "schedulingConfig">, nowMs: number): boolean {
  return (timeOf(job.schedulingConfig?.endTime) ?? Number.POSITIVE_INFINITY) <= nowMs;
}

/** The next maintenance windows, in milliseconds since 1970, the first first. */
export function comingWindows(config: SchedulingConfig | undefined, nowMs: number): number[] {
  const firstMs = Math.max(nowMs, (timeOf(config?.startTime) ?? 0) - 1);
  const starts = (config?.maintenanceWindows ?? []).flatMap(({ startTime }) => {
    const found: number[] = [];
    for (let afterMs: number | undefined = firstMs; found.length < SHOWN_WINDOWS; ) {
      afterMs = nextOccurrence(parseCron(startTime), afterMs);
      if (afterMs === undefined) break;
      found.push(afterMs);
    }
    return found;
  });
  const endMs = timeOf(config?.endTime) ?? Number.POSITIVE_INFINITY;
  const coming = [...new Set(starts)].filter((startMs) => startMs < endMs);
  return coming.sort((a, b) => a - b).slice(0, SHOWN_WINDOWS);
}

/** @throws {AwsError} InvalidRequest for times and windows that AWS does not take at this moment */
export function checkSchedule(config: SchedulingConfig, selection: TargetSelection, nowMs: number): void {
  const { startTime, endTime, endBehavior, maintenanceWindows = [] } = config;
  const startMs = startTime === undefined ? undefined : readTime("startTime", startTime);
  const endMs = endTime === undefined ? undefined : readTime("endTime", endTime);
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
    throw invalidRequest("maintenanceWindows are for jobs with targetSelection CONTINUOUS");
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
    // The first that has not closed yet: open if it has started.
    const startMs = nextOccurrence(parseCron(startTime), nowMs - durationMs) ?? Number.POSITIVE_INFINITY;
    if (startMs <= nowMs) open = true;
    changesAtMs = Math.min(changesAtMs, startMs <= nowMs ? startMs + durationMs : startMs);
  }
  return { open, changesAtMs };
}

/** Milliseconds since 1970 of a time that has been checked. */
function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : readTime("time", text);
}

/** `2026-11-24T10:00`, also with seconds, a blank for the T, and a zone; without one it is UTC. */
function readTime(name: string, text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  const [, date, minutes, seconds = "", zone = "Z"] = match ?? [];
  const timeMs = Date.parse(`${date}T${minutes}${seconds}${zone.replace(/^(...)(\d\d)$/, "$1:$2")}`);
  if (match === null || Number.isNaN(timeMs)) {
    throw invalidRequest(`Invalid ${name} ${text}: it must be like 2026-11-24T10:00, in UTC`);
  }
  return timeMs;
}
