import { formatAgo, formatTime } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import type { View } from "./format.js";

/** How a command shows what it read now. */
export function viewOf({ paint, columns, fota }: Output, utc: boolean): View {
  return { paint, columns, fota, time: timeFormat(utc, new Date()) };
}

/** How times are said: relative to now, or with `--utc` absolute. */
export function timeFormat(utc: boolean, now: Date): (iso: string) => string {
  return utc ? formatTime : (iso) => formatAgo(new Date(iso), now);
}
