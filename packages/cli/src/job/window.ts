import { FotaError } from "@fota/shared";
import { parseDurationSeconds } from "../settings/flags.js";

/** Holds a recurring maintenance window: AWS's cron expression, and how long it is open. */
export interface Window {
  cron: string;
  minutes: number;
}

/** Says when a window opens: at these minutes of a day, on the days that match. AWS reads all of it as UTC. */
interface Openings {
  /** Minutes since midnight, ascending. */
  times: number[];
  /** 1 to 31. */
  days: ReadonlySet<number>;
  /** 1 to 12. */
  months: ReadonlySet<number>;
  /** 0 (Sunday) to 6. */
  weekdays: ReadonlySet<number>;
}

const WINDOW_MAX_MINUTES = 1_430;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const DAY_MS = DAY_MINUTES * MINUTE_MS;
/** At most eight years lie between two dates of 29 February. */
const HORIZON_DAYS = 8 * 366;
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/**
 * Parses `0 2 * * * 120m`: five crontab fields and how long the window is open. Refuses a window that never opens
 * between `from` and `end`, and one that opens again while it is still open.
 * @throws {FotaError} ROLLOUT_INVALID
 */
export function parseWindow(text: string, from: Date, end: Date | undefined): Window {
  const fields = text.trim().split(/\s+/);
  const [minute = "", hour = "", day = "", month = "", weekday = "", duration = ""] = fields;
  const seconds = parseDurationSeconds(duration);
  const minutes = seconds === undefined ? Number.NaN : seconds / 60;
  const cron = cronOf(minute, hour, day, month, weekday);
  const isOpenFor = Number.isInteger(minutes) && minutes >= 1 && minutes <= WINDOW_MAX_MINUTES;
  if (fields.length !== 6 || cron === undefined || !isOpenFor) {
    throw invalid(
      `--window is when it opens and for how long, got ${JSON.stringify(text)}`,
      'write "0 2 * * * 120m": minute, hour, day, month, weekday in UTC, then 1m to 1430m',
    );
  }
  checkReached(text, cron.openings, minutes, from, end);
  const gap = shortestGapMinutes(cron.openings);
  if (gap < minutes) {
    throw invalid(
      `--window ${JSON.stringify(text)} opens every ${gap} min and is open for ${minutes} min: it overlaps itself`,
      `shorten it to ${gap}m or less, or let it open less often`,
    );
  }
  return { cron: cron.expression, minutes };
}

function checkReached(
  text: string,
  openings: Openings,
  minutes: number,
  from: Date,
  end: Date | undefined,
): void {
  const last = end?.getTime() ?? Number.POSITIVE_INFINITY;
  for (const openMs of openingsFrom(openings, from.getTime() - minutes * MINUTE_MS)) {
    if (openMs >= last) break;
    if (openMs + minutes * MINUTE_MS > from.getTime()) return;
  }
  const shown = JSON.stringify(text);
  if (openingsFrom(openings, from.getTime()).next().done === true) {
    throw invalid(
      `--window ${shown} never opens: no such date exists`,
      "check its day and month, fields 3 and 4",
    );
  }
  throw invalid(
    `--window ${shown} does not open between ${isoMinute(from)} and --end ${isoMinute(end ?? from)}`,
    "move --end, or let the window open more often",
  );
}

/**
 * Returns the shortest time between the starts of two consecutive openings, in minutes; infinite without two openings.
 */
function shortestGapMinutes(openings: Openings): number {
  let shortest = Number.POSITIVE_INFINITY;
  let before: number | undefined;
  // The times of a day repeat, so two consecutive days show every gap that is shorter than a day.
  for (const openMs of openingsFrom(openings, 0)) {
    if (before !== undefined) shortest = Math.min(shortest, (openMs - before) / MINUTE_MS);
    before = openMs;
    if (isDaily(openings) && openMs >= 2 * DAY_MS) break;
    if (shortest === 1) break;
  }
  return shortest;
}

const ANY_DAY = { days: range(1, 31), months: range(1, 12), weekdays: range(0, 6) };

function isDaily({ days, months, weekdays }: Openings): boolean {
  return days.size === 31 && months.size === 12 && weekdays.size === 7;
}

/** Lists the openings at `fromMs` or later, in order, in milliseconds since 1970. */
function* openingsFrom({ times, days, months, weekdays }: Openings, fromMs: number): Generator<number> {
  const firstDayMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
  for (let day = 0; day <= HORIZON_DAYS; day += 1) {
    const date = new Date(firstDayMs + day * DAY_MS);
    const fits =
      days.has(date.getUTCDate()) && months.has(date.getUTCMonth() + 1) && weekdays.has(date.getUTCDay());
    if (!fits) continue;
    for (const minutes of times) {
      const openMs = date.getTime() + minutes * MINUTE_MS;
      if (openMs >= fromMs) yield openMs;
    }
  }
}

/**
 * Returns AWS's form, which has a year, `?` in one of the two day fields, and weekdays that count from 1: names are
 * safe.
 */
function cronOf(
  minute: string,
  hour: string,
  day: string,
  month: string,
  weekday: string,
): { expression: string; openings: Openings } | undefined {
  const minutes = numbersOf(minute, 0, 59);
  const hours = numbersOf(hour, 0, 23);
  const days = numbersOf(day, 1, 31);
  const months = numbersOf(month, 1, 12);
  const named = weekdaysOf(weekday);
  if (!minutes || !hours || !days || !months || !named) return undefined;
  const times = [...hours].flatMap((h) => [...minutes].map((m) => h * 60 + m)).sort((a, b) => a - b);
  const openings = { times, days, months, weekdays: named.set };
  if (weekday === "*") return { expression: `cron(${minute} ${hour} ${day} ${month} ? *)`, openings };
  if (day !== "*") return undefined;
  return { expression: `cron(${minute} ${hour} ? ${month} ${named.text} *)`, openings };
}

/**
 * Parses `*`, numbers, ranges and lists of them, each with an optional step; `undefined` if a number is out of range.
 */
function numbersOf(field: string, min: number, max: number): ReadonlySet<number> | undefined {
  const numbers = new Set<number>();
  for (const item of field.split(",")) {
    const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(item);
    if (match === null) return undefined;
    const [, first, last, step] = match;
    const from = first === undefined ? min : Number(first);
    const open = first === undefined || (step !== undefined && last === undefined); // `5/10` has no end
    const to = last !== undefined ? Number(last) : open ? max : from;
    const by = step === undefined ? 1 : Number(step);
    if (from < min || to > max || from > to || by < 1) return undefined;
    for (let number = from; number <= to; number += by) numbers.add(number);
  }
  return numbers;
}

/** Parses crontab's numbers, 0 and 7 for Sunday, or names. Writes a range across the end of AWS's week as a list. */
function weekdaysOf(field: string): { text: string; set: ReadonlySet<number> } | undefined {
  if (field === "*") return { text: "*", set: ANY_DAY.weekdays };
  const set = new Set<number>();
  const texts: string[] = [];
  for (const item of field.toUpperCase().split(",")) {
    const [first = "", last = first, ...more] = item.split("-");
    const from = weekdayOf(first);
    const to = weekdayOf(last);
    if (from === undefined || to === undefined || more.length > 0) return undefined;
    const count = ((to - from + 7) % 7) + 1;
    // `0-7` and `1-7` end on the Sunday that crontab calls 7; `0-7` is the whole week.
    const isWholeWeek = first === "0" && last === "7";
    const numbers = Array.from({ length: isWholeWeek ? 7 : count }, (_, index) => (from + index) % 7);
    for (const number of numbers) set.add(number);
    const names = numbers.map((number) => WEEKDAYS[number] ?? "");
    texts.push(names.length > 1 && from < to ? `${names[0]}-${names.at(-1)}` : names.join(","));
  }
  return { text: texts.join(","), set };
}

function weekdayOf(text: string): number | undefined {
  if (/^[0-7]$/.test(text)) return Number(text) % 7;
  const number = WEEKDAYS.indexOf(text);
  return number < 0 ? undefined : number;
}

function range(first: number, last: number): ReadonlySet<number> {
  return new Set(Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

function isoMinute(date: Date): string {
  return `${date.toISOString().slice(0, 16)}Z`;
}

function invalid(message: string, hint: string): FotaError {
  return new FotaError("ROLLOUT_INVALID", message, { hint });
}
