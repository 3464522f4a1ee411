import { DescribeThingCommand, DescribeThingGroupCommand } from "@aws-sdk/client-iot";
import { FotaError } from "@fota/shared";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";

/** @throws {FotaError} THING_NOT_FOUND */
export async function thingArn({ client, call }: Iot, thingName: string): Promise<string> {
  return await call({ doing: `look up thing ${thingName}`, action: "iot:DescribeThing" }, async (options) => {
    const found = await client
      .send(new DescribeThingCommand({ thingName }), options)
      .catch(notFound("THING_NOT_FOUND", `there is no thing ${thingName}`));
    return found.thingArn ?? "";
  });
}

/** Of a static or a dynamic group. @throws {FotaError} GROUP_NOT_FOUND */
export async function thingGroupArn({ client, call }: Iot, thingGroupName: string): Promise<string> {
  const doing = `look up thing group ${thingGroupName}`;
  return await call({ doing, action: "iot:DescribeThingGroup" }, async (options) => {
    const found = await client
      .send(new DescribeThingGroupCommand({ thingGroupName }), options)
      .catch(notFound("GROUP_NOT_FOUND", `there is no thing group ${thingGroupName}`));
    return found.thingGroupArn ?? "";
  });
}

function notFound(code: "THING_NOT_FOUND" | "GROUP_NOT_FOUND", message: string): (error: unknown) => never {
  return (error) => {
    if (nameOf(error) !== "ResourceNotFoundException") throw error;
    const hint =
      "names are exact, capitals too; check the region and the account (--region, --profile, --local)";
    throw new FotaError(code, message, { hint, cause: error });
  };
}
