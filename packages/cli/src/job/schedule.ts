import { FotaError } from "@fota/shared";
import { given } from "../given.js";
import { parseDurationSeconds } from "../settings/flags.js";
import { parseUtcTime } from "../settings/utc-time.js";
import { parseWindow, type Window } from "./window.js";

/** Says when a job runs. AWS reads all times as UTC. */
export interface Schedule {
  start?: Date;
  end?: Date;
  endBehavior?: EndBehavior;
  windows: Window[];
}

type EndBehavior = "STOP_ROLLOUT" | "CANCEL" | "FORCE_CANCEL";

export interface ScheduleTexts {
  start?: string;
  end?: string;
  atEnd?: string;
  window?: readonly string[];
}

/** The limits of CreateJob, schedulingConfig: how far ahead a start and an end may be. */
const LEAD_MIN_MS = 30 * 60_000;
const DAY_MS = 86_400_000;
const START_MAX_MS = 365 * DAY_MS;
const END_MAX_MS = 730 * DAY_MS;

const END_BEHAVIORS: Readonly<Record<string, EndBehavior>> = {
  stop: "STOP_ROLLOUT",
  cancel: "CANCEL",
  "force-cancel": "FORCE_CANCEL",
};

/** Parses a schedule. @throws {FotaError} ROLLOUT_INVALID, naming the option */
export function parseSchedule(texts: ScheduleTexts, continuous: boolean, now: Date): Schedule {
  const { atEnd, window = [] } = texts;
  const start = texts.start === undefined ? undefined : parseMoment(texts.start, "--start", now);
  const end = texts.end === undefined ? undefined : parseMoment(texts.end, "--end", now);
  const leadMs = start === undefined ? LEAD_MIN_MS : start.getTime() - now.getTime();
  if (leadMs < LEAD_MIN_MS || leadMs > START_MAX_MS) {
    throw invalid("--start must be from 30 minutes to a year ahead", "leave it out to start at once");
  }
  const from = start ?? now;
  if (end !== undefined && end.getTime() - from.getTime() < LEAD_MIN_MS) {
    throw invalid("--end must be at least 30 minutes after the start");
  }
  if (end !== undefined && end.getTime() - now.getTime() > END_MAX_MS) {
    throw invalid("--end must be at most two years ahead");
  }
  const endBehavior = atEnd === undefined ? undefined : END_BEHAVIORS[atEnd];
  if (atEnd !== undefined && endBehavior === undefined) {
    throw invalid(`--at-end must be stop, cancel or force-cancel, got ${JSON.stringify(atEnd)}`);
  }
  if (endBehavior !== undefined && end === undefined) {
    throw invalid("--at-end needs --end", `add it: --end +7d --at-end ${atEnd}`);
  }
  if (window.length > 0 && !continuous) {
    throw invalid("--window needs --continuous: AWS has maintenance windows for continuous jobs only");
  }
  return {
    ...given({ start, end, endBehavior }),
    windows: window.map((text) => parseWindow(text, from, end)),
  };
}

/** Parses `2026-12-01 02:00`, `2026-12-01T02:00Z`, `2026-12-01` or `+2h`, to the minute, as AWS requires. */
function parseMoment(text: string, flag: string, now: Date): Date {
  const seconds = text.startsWith("+") ? parseDurationSeconds(text.slice(1)) : undefined;
  if (seconds !== undefined) return new Date(Math.ceil((now.getTime() + seconds * 1000) / 60_000) * 60_000);
  const moment = parseUtcTime(text);
  if (moment !== undefined) return new Date(Math.floor(moment.getTime() / 60_000) * 60_000);
  throw invalid(
    `${flag} must be a time in UTC, got ${JSON.stringify(text)}`,
    `write "2026-12-01 02:00", or +2h for two hours from now`,
  );
}

function invalid(message: string, hint?: string): FotaError {
  return new FotaError("ROLLOUT_INVALID", message, hint === undefined ? {} : { hint });
}
