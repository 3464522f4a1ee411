import {
  AddThingToThingGroupCommand,
  CreateThingGroupCommand,
  DescribeThingGroupCommand,
  ListThingGroupsCommand,
  ListThingsInThingGroupCommand,
} from "@aws-sdk/client-iot";
import { FotaError, LIST_PAGE_MAX } from "@fota/shared";
import { absentIf } from "./errors.js";
import type { Iot } from "./iot.js";
import { listAll, pagesOf } from "./pages.js";

/** Returns the ARN of a static or dynamic group; `undefined` when none has that name. */
export async function findThingGroupArn(
  { client, call }: Iot,
  thingGroupName: string,
): Promise<string | undefined> {
  const doing = `look up thing group ${thingGroupName}`;
  return await call({ doing, action: "iot:DescribeThingGroup" }, async (options) => {
    const found = await client
      .send(new DescribeThingGroupCommand({ thingGroupName }), options)
      .catch(absentIf("ResourceNotFoundException"));
    return found?.thingGroupArn;
  });
}

/** Returns the ARN of a group. @throws {FotaError} GROUP_NOT_FOUND */
export async function thingGroupArn(iot: Iot, thingGroupName: string): Promise<string> {
  const arn = await findThingGroupArn(iot, thingGroupName);
  if (arn !== undefined) return arn;
  throw groupNotFound(thingGroupName);
}

/** Returns the error for a group that does not exist. */
export function groupNotFound(thingGroupName: string): FotaError {
  return new FotaError("GROUP_NOT_FOUND", `there is no thing group ${JSON.stringify(thingGroupName)}`, {
    hint: "check the spelling, the capitals, the region and the account (--region, --profile, --local)",
  });
}

/** Returns the names of the static groups below a group, at all levels. */
export async function listGroupsBelow({ client, call }: Iot, parentGroup: string): Promise<string[]> {
  const doing = `list the groups below ${parentGroup}`;
  return await call({ doing, action: "iot:ListThingGroups" }, (options) =>
    listAll(
      (nextToken) =>
        client.send(
          new ListThingGroupsCommand({ parentGroup, recursive: true, maxResults: LIST_PAGE_MAX, nextToken }),
          options,
        ),
      ({ thingGroups = [] }) => thingGroups.flatMap(({ groupName }) => groupName ?? []),
    ),
  );
}

/** Lists the names of the things in a group and in the groups below it. */
export async function* listThingsInGroup(
  { client, call }: Iot,
  thingGroupName: string,
): AsyncGenerator<string> {
  const doing = `list the things in group ${thingGroupName}`;
  const pages = pagesOf((nextToken) => {
    const command = new ListThingsInThingGroupCommand({
      thingGroupName,
      recursive: true,
      maxResults: LIST_PAGE_MAX,
      nextToken,
    });
    return call({ doing, action: "iot:ListThingsInThingGroup" }, (options) => client.send(command, options));
  });
  for await (const { things = [] } of pages) yield* things;
}

/** Creates a static group; does nothing if it exists already. */
export async function createThingGroup({ client, call }: Iot, thingGroupName: string): Promise<void> {
  const doing = `create thing group ${thingGroupName}`;
  await call({ doing, action: "iot:CreateThingGroup" }, async (options) => {
    await client
      .send(new CreateThingGroupCommand({ thingGroupName }), options)
      .catch(absentIf("ResourceAlreadyExistsException"));
  });
}

/** Adds a thing to a group. Safe to call twice. */
export async function addThingToGroup(
  { client, call }: Iot,
  thingGroupName: string,
  thingName: string,
): Promise<void> {
  const doing = `put ${thingName} into group ${thingGroupName}`;
  await call({ doing, action: "iot:AddThingToThingGroup" }, (options) =>
    client.send(new AddThingToThingGroupCommand({ thingGroupName, thingName }), options),
  );
}
