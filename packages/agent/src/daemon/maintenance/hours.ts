/** A span of a day in minutes since midnight. It goes past midnight if `to` is not after `from`. */
export interface Hours {
  from: number;
  to: number;
}

const TIME = "([01]\\d|2[0-3]):([0-5]\\d)";
const HOURS = new RegExp(`^${TIME}-${TIME}$`);
const MINUTE_MS = 60_000;
/** Longest wait in one piece: the clock of the device may be set meanwhile. */
const LOOK_AHEAD_MINUTES = 240;

/** Parses `22:00-05:00`. Returns `undefined` if it is not valid. */
export function parseHours(text: string): Hours | undefined {
  const [, h1, m1, h2, m2] = HOURS.exec(text) ?? [];
  if (m2 === undefined) return undefined;
  return { from: Number(h1) * 60 + Number(m1), to: Number(h2) * 60 + Number(m2) };
}

/** Tells whether a name of the IANA database is known here. */
export function isTimeZone(name: string): boolean {
  if (name === "UTC") return true; // the default: to ask costs 2 MiB, as Node.js then loads data of ICU
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Returns the milliseconds until one of the spans begins, at most 4 hours; 0 within a span. Looks at the local time of
 * each minute, so changes of daylight saving time count as the people there see them.
 */
export function waitForHours(spans: readonly Hours[], timeZone: string, nowMs: number): number {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const isWithin = (atMs: number) => {
    const [hours, minutes] = format.format(atMs).split(":").map(Number);
    const minute = (hours ?? 0) * 60 + (minutes ?? 0);
    return spans.some(({ from, to }) =>
      from < to ? minute >= from && minute < to : minute >= from || minute < to,
    );
  };
  if (isWithin(nowMs)) return 0;
  const start = nowMs - (nowMs % MINUTE_MS);
  for (let minutes = 1; minutes < LOOK_AHEAD_MINUTES; minutes += 1) {
    const atMs = start + minutes * MINUTE_MS;
    if (isWithin(atMs)) return atMs - nowMs;
  }
  return LOOK_AHEAD_MINUTES * MINUTE_MS;
}
