import type { Context } from "../context.js";
import { publishNeeds } from "../image/publish-command.js";
import { formatAgo, formatTime } from "../terminal/format.js";
import type { View } from "./format.js";

/** Returns how a command formats what it read just now. */
export function viewOf({ output, settings, host }: Context, utc: boolean): View {
  const { paint, columns, fota } = output;
  const publish = publishNeeds({ file: settings.file, env: host.env });
  return { paint, columns, fota, publish, time: timeFormat(utc, new Date()) };
}

/** Returns the format of times: relative to now, or absolute with `--utc`. */
export function timeFormat(utc: boolean, now: Date): (iso: string) => string {
  return utc ? formatTime : (iso) => formatAgo(new Date(iso), now);
}
