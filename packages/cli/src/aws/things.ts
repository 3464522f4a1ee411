import { DescribeThingCommand } from "@aws-sdk/client-iot";
import { FotaError } from "@fota/shared";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";
import { required } from "./required.js";

/** @throws {FotaError} THING_NOT_FOUND */
export async function thingArn({ client, call }: Iot, thingName: string): Promise<string> {
  return await call({ doing: `look up thing ${thingName}`, action: "iot:DescribeThing" }, async (options) => {
    const command = new DescribeThingCommand({ thingName });
    const thing = await client.send(command, options).catch(thingNotFound(thingName));
    return required(thing.thingArn, "thingArn");
  });
}

/** For whatever is asked of one thing: AWS does not know it. */
export function thingNotFound(thingName: string): (error: unknown) => never {
  return (error) => {
    if (nameOf(error) !== "ResourceNotFoundException") throw error;
    throw new FotaError("THING_NOT_FOUND", `there is no thing ${JSON.stringify(thingName)}`, {
      hint: "check the spelling, the capitals, the region and the account (--region, --profile, --local)",
      cause: error,
    });
  };
}
