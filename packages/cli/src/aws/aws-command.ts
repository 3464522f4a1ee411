import { shellWord } from "@fota/shared";
import type { AwsAccess } from "./access.js";

/** Formats a command line of the aws command for the account and the endpoint of `access`. */
export function awsCommand(
  access: Pick<AwsAccess, "chosen" | "region" | "iotEndpoint">,
  ...command: readonly string[]
): string {
  const options = {
    // With keys in the environment, the option would select another account.
    "--profile": access.chosen?.choice.from === "profile" ? access.chosen.profile : undefined,
    "--region": access.region,
    "--endpoint-url": access.iotEndpoint,
  };
  const flags = Object.entries(options).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, value],
  );
  return ["aws", ...command, ...flags].map(shellWord).join(" ");
}
