import {
  CreateThingCommand,
  DeleteThingCommand,
  DescribeThingCommand,
  UpdateThingCommand,
} from "@aws-sdk/client-iot";
import { FotaError, isFotaError } from "@fota/shared";
import { isDeleted } from "./deletion.js";
import { absentIf, nameOf } from "./errors.js";
import type { Iot } from "./iot.js";
import { required } from "./required.js";

/** Holds a thing as the registry returns it. */
export interface Thing {
  thingName: string;
  arn: string;
  type: string | undefined;
  attributes: Record<string, string>;
}

/** @throws {FotaError} THING_NOT_FOUND */
export async function describeThing({ client, call }: Iot, thingName: string): Promise<Thing> {
  return await call({ doing: `look up thing ${thingName}`, action: "iot:DescribeThing" }, async (options) => {
    const command = new DescribeThingCommand({ thingName });
    const thing = await client.send(command, options).catch(thingNotFound(thingName));
    return {
      thingName,
      arn: required(thing.thingArn, "thingArn"),
      type: thing.thingTypeName,
      attributes: thing.attributes ?? {},
    };
  });
}

/** Returns the ARN of a thing. @throws {FotaError} THING_NOT_FOUND */
export async function thingArn(iot: Iot, thingName: string): Promise<string> {
  return (await describeThing(iot, thingName)).arn;
}

/** Returns a thing; `undefined` if the registry does not have it. */
export async function findThing(iot: Iot, thingName: string): Promise<Thing | undefined> {
  try {
    return await describeThing(iot, thingName);
  } catch (error) {
    if (isFotaError(error, "THING_NOT_FOUND")) return undefined;
    throw error;
  }
}

/** Creates a thing; does nothing if it exists already. */
export async function createThing(
  { client, call }: Iot,
  thingName: string,
  attributes: Record<string, string> = {},
): Promise<void> {
  await call({ doing: `create thing ${thingName}`, action: "iot:CreateThing" }, async (options) => {
    const attributePayload = Object.keys(attributes).length === 0 ? undefined : { attributes };
    const command = new CreateThingCommand({ thingName, attributePayload });
    await client.send(command, options).catch(absentIf("ResourceAlreadyExistsException"));
  });
}

/** Sets attributes of a thing and keeps its others. */
export async function setThingAttributes(
  { client, call }: Iot,
  thingName: string,
  attributes: Record<string, string>,
): Promise<void> {
  const doing = `set the attributes of thing ${thingName}`;
  await call({ doing, action: "iot:UpdateThing" }, async (options) => {
    const attributePayload = { attributes, merge: true };
    await client.send(new UpdateThingCommand({ thingName, attributePayload }), options);
  });
}

/** Deletes a thing, unless it is gone already. Returns false while AWS IoT still finds a certificate attached. */
export async function deleteThing({ client, call }: Iot, thingName: string): Promise<boolean> {
  return await call({ doing: `delete thing ${thingName}`, action: "iot:DeleteThing" }, (options) =>
    isDeleted(client.send(new DeleteThingCommand({ thingName }), options), "InvalidRequestException"),
  );
}

/** Returns a handler for `catch` that reports a thing that AWS does not know. */
export function thingNotFound(thingName: string): (error: unknown) => never {
  return (error) => {
    if (nameOf(error) !== "ResourceNotFoundException") throw error;
    throw new FotaError("THING_NOT_FOUND", `there is no thing ${JSON.stringify(thingName)}`, {
      hint: "check the spelling, the capitals, the region and the account (--region, --profile, --local)",
      cause: error,
    });
  };
}
