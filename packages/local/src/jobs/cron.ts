import { invalidRequest, notSupported } from "../errors.js";

/** A cron expression in AWS's form, in UTC. Source: AWS IoT Developer Guide, "Recurring maintenance window". */
export interface Cron {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  /** 1 to 31; `undefined` stands for `?`. */
  daysOfMonth: ReadonlySet<number> | undefined;
  /** 1 to 12. */
  months: ReadonlySet<number>;
  /** 1 (Sunday) to 7; `undefined` stands for `?`. */
  daysOfWeek: ReadonlySet<number> | undefined;
  years: ReadonlySet<number>;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Two leap years are at most eight years apart. */
const HORIZON_DAYS = 8 * 366;

/** Parses an expression such as `cron(0 2 ? * SUN *)`. @throws {AwsError} InvalidRequest */
export function parseCron(text: string): Cron {
  const fields = /^cron\((.*)\)$/.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields;
  if (year === undefined || fields.length !== 6 || !minute || !hour || !dayOfMonth || !month || !dayOfWeek) {
    throw invalidCron(text, "it must be cron(minute hour day-of-month month day-of-week year)");
  }
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
    throw invalidCron(text, "one of day-of-month and day-of-week, and only one, must be ?");
  }
  const read = (field: string, first: number, last: number, names: readonly string[] = []) =>
    readField(text, field, { first, last, names });
  return {
    minutes: read(minute, 0, 59),
    hours: read(hour, 0, 23),
    daysOfMonth: dayOfMonth === "?" ? undefined : read(dayOfMonth, 1, 31),
    months: read(month, 1, 12, MONTHS),
    daysOfWeek: dayOfWeek === "?" ? undefined : read(dayOfWeek, 1, 7, DAYS),
    years: read(year, 1970, 2199),
  };
}

/**
 * Returns the first time after `afterMs`, in milliseconds since 1970; `undefined` if there is none within eight years.
 */
export function nextOccurrence(cron: Cron, afterMs: number): number | undefined {
  const firstDayMs = Math.floor(afterMs / DAY_MS) * DAY_MS;
  for (let day = 0; day < HORIZON_DAYS; day += 1) {
    const dayMs = firstDayMs + day * DAY_MS;
    if (!matchesDay(cron, new Date(dayMs))) continue;
    const times = [...cron.hours].flatMap((hour) => [...cron.minutes].map((minute) => hour * 60 + minute));
    const found = times.map((minutes) => dayMs + minutes * MINUTE_MS).filter((timeMs) => timeMs > afterMs);
    if (found.length > 0) return Math.min(...found);
  }
  return undefined;
}

function matchesDay(cron: Cron, date: Date): boolean {
  return (
    cron.years.has(date.getUTCFullYear()) &&
    cron.months.has(date.getUTCMonth() + 1) &&
    (cron.daysOfMonth?.has(date.getUTCDate()) ?? true) &&
    (cron.daysOfWeek?.has(date.getUTCDay() + 1) ?? true)
  );
}

interface FieldRange {
  first: number;
  last: number;
  /** Names that stand for the numbers, beginning with `first`. */
  names: readonly string[];
}

/** Parses `*`, a number or name, `a-b`, any of them with `/step`, or a list of these. */
function readField(text: string, field: string, range: FieldRange): Set<number> {
  const numbers = new Set<number>();
  for (const item of field.split(",")) {
    const [span = "", step, ...rest] = item.split("/");
    const [from, to, ...more] = span === "*" ? [range.first, range.last] : readSpan(text, span, range, step);
    const by = step === undefined ? 1 : Number(step);
    const wrong = rest.length > 0 || more.length > 0 || !Number.isInteger(by) || by < 1;
    if (wrong || from === undefined || to === undefined || from > to) {
      throw invalidCron(text, `${item} is not a number, name, range or step`);
    }
    for (let number = from; number <= to; number += by) numbers.add(number);
  }
  return numbers;
}

/** Returns the ends of a span. A single number is its own end; with a step, the span runs to the end of the range. */
function readSpan(text: string, span: string, range: FieldRange, step: string | undefined): number[] {
  const ends = span.split("-").map((value) => readNumber(text, value, range));
  if (ends.length === 1 && ends[0] !== undefined) return [ends[0], step === undefined ? ends[0] : range.last];
  return ends;
}

function readNumber(text: string, value: string, { first, last, names }: FieldRange): number {
  if (/[LW#]/.test(value) && !names.includes(value.toUpperCase())) {
    throw notSupported(`L, W and # in a cron expression, such as ${text}`);
  }
  const named = names.indexOf(value.toUpperCase());
  const number = named >= 0 ? first + named : /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= first && number <= last))
    throw invalidCron(text, `${value} is not between ${first} and ${last}`);
  return number;
}

function invalidCron(text: string, why: string) {
  return invalidRequest(`Invalid cron expression ${text}: ${why}`);
}
