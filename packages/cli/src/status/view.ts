import { formatAgo, formatTime } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import type { View } from "./format.js";

/** Returns how a command formats what it read just now. */
export function viewOf({ paint, columns, fota }: Output, utc: boolean): View {
  return { paint, columns, fota, time: timeFormat(utc, new Date()) };
}

/** Returns the format of times: relative to now, or absolute with `--utc`. */
export function timeFormat(utc: boolean, now: Date): (iso: string) => string {
  return utc ? formatTime : (iso) => formatAgo(new Date(iso), now);
}
