import { utcTicks } from "d3-time";

/** Says what the times of an axis are: times of day in UTC, or times since a beginning at 0. */
export type TimeScale = "utc" | "elapsed";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Returns round times between `fromMs` and `toMs`, about `count`. */
export function timeTicks(fromMs: number, toMs: number, count: number): number[] {
  return utcTicks(new Date(fromMs), new Date(toMs), count).map((date) => date.getTime());
}

/** Returns the format of the times on an axis of this length: no more digits than it needs. */
export function timeFormatOf(scale: TimeScale, spanMs: number): (ms: number) => string {
  if (scale === "elapsed") return (ms) => formatElapsed(ms, spanMs);
  if (spanMs > 3 * DAY_MS) return (ms) => dayOf(ms);
  const length = spanMs < 5 * MINUTE_MS ? 19 : 16;
  return (ms) => {
    const time = new Date(ms).toISOString().slice(11, length);
    return spanMs > DAY_MS ? `${dayOf(ms)} ${time}` : time;
  };
}

function dayOf(ms: number): string {
  const date = new Date(ms);
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}`;
}

function formatElapsed(ms: number, spanMs: number): string {
  const [unitMs, unit] =
    spanMs > 3 * DAY_MS
      ? [DAY_MS, "d"]
      : spanMs > 180 * MINUTE_MS
        ? [60 * MINUTE_MS, "h"]
        : spanMs > 3 * MINUTE_MS
          ? [MINUTE_MS, "min"]
          : [1000, "s"];
  return `${Math.round((ms / unitMs) * 10) / 10} ${unit}`;
}
