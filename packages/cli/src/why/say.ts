import { shellWord } from "@fota/shared";
import type { AwsAccess } from "../aws/access.js";
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
  const options = {
    // With keys in the environment, the option would select another account.
    "--profile": access.chosen?.choice.from === "profile" ? access.chosen.profile : undefined,
    "--region": access.region,
    "--endpoint-url": access.iotEndpoint,
  };
  const awsFlags = Object.entries(options).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, value],
  );
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
    aws: (...command) => ["aws", ...command, ...awsFlags].map(shellWord).join(" "),
  };
}
