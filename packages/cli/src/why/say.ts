import type { AwsAccess } from "../aws/access.js";
import { awsCommand } from "../aws/aws-command.js";
import { formatAgo, formatSeconds, formatTime } from "../terminal/format.js";
import type { Say } from "./finding.js";

/** Makes the formatters of rules. `absolute` asks for absolute UTC times, not relative ones. */
export function sayAt(
  now: Date,
  {
    absolute,
    fota,
    access,
    clock,
    publish,
  }: Pick<Say, "fota" | "publish"> & { absolute: boolean; access: AwsAccess; clock?: string | undefined },
): Say {
  return {
    now,
    clock,
    publish,
    time: (date) =>
      absolute ? `at ${formatTime(date.toISOString())}` : formatAgo(date, now).replace(/^now$/, "just now"),
    since: (date) =>
      absolute
        ? `since ${formatTime(date.toISOString())}`
        : `for ${formatSeconds(Math.max(0, (now.getTime() - date.getTime()) / 1000))}`,
    fota,
    aws: (...command) => awsCommand(access, ...command),
  };
}
