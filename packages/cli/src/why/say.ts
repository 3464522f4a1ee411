import type { AwsAccess } from "../aws/access.js";
import { formatAgo, formatSeconds, formatTime } from "../terminal/format.js";
import type { Say } from "./finding.js";

/** `absolute`: times as such, not how long ago. `flags` are the global options that were given. */
export function sayAt(
  now: Date,
  {
    absolute,
    flags,
    access,
    clock,
  }: { absolute: boolean; flags: string; access: AwsAccess; clock?: string | undefined },
): Say {
  const options = {
    // Beside keys in the environment the option would change the account.
    "--profile": access.chosen?.choice.from === "profile" ? access.chosen.profile : undefined,
    "--region": access.region,
    "--endpoint-url": access.iotEndpoint,
  };
  const awsFlags = Object.entries(options).flatMap(([flag, value]) =>
    value === undefined ? [] : [` ${flag} ${value}`],
  );
  return {
    now,
    clock,
    time: (date) =>
      absolute ? `at ${formatTime(date.toISOString())}` : formatAgo(date, now).replace(/^now$/, "just now"),
    since: (date) =>
      absolute
        ? `since ${formatTime(date.toISOString())}`
        : `for ${formatSeconds(Math.max(0, (now.getTime() - date.getTime()) / 1000))}`,
    fota: (line) => `fota ${line}${flags}`,
    aws: (line) => `aws ${line}${awsFlags.join("")}`,
  };
}
