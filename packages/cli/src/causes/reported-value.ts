import { formatTime } from "../terminal/format.js";

/** Seconds of the years 2001 to 2286, of which a device reports no others as a time. */
const SECONDS = /\b\d{10}\b/;

/** Returns an expected or actual value as its device reported it; seconds since 1970 get their time behind them. */
export function reportedValue(reason: string | null | undefined, value: string): string {
  const [seconds] = (reason === "order-expired" && SECONDS.exec(value)) || [];
  if (seconds === undefined) return value;
  return `${value} (${formatTime(new Date(Number(seconds) * 1000).toISOString())})`;
}
