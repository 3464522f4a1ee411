import { DescribeThingGroupCommand, ListThingGroupsForThingCommand } from "@aws-sdk/client-iot";
import { absentIf } from "./errors.js";
import type { Iot } from "./iot.js";
import { listAll } from "./pages.js";

/**
 * Returns the ARNs of the groups that a thing is in, and of the groups above them; none for a thing that does not
 * exist.
 */
export async function groupsAbove(iot: Iot, thingName: string): Promise<string[]> {
  const direct = await groupsOf(iot, thingName);
  const above = await Promise.all(direct.map(({ name }) => parentsOf(iot, name)));
  return [...new Set([...direct.map(({ arn }) => arn), ...above.flat()])];
}

/** Returns the groups that a thing is in directly, at most ten; none for a thing that does not exist. */
export async function groupsOf(
  { client, call }: Iot,
  thingName: string,
): Promise<{ name: string; arn: string }[]> {
  const doing = `list the groups of ${thingName}`;
  const groups = await call({ doing, action: "iot:ListThingGroupsForThing" }, (options) =>
    listAll(
      (nextToken) => client.send(new ListThingGroupsForThingCommand({ thingName, nextToken }), options),
      ({ thingGroups = [] }) => thingGroups,
    ).catch(absentIf("ResourceNotFoundException")),
  );
  return (groups ?? []).map(({ groupName = "", groupArn = "" }) => ({ name: groupName, arn: groupArn }));
}

async function parentsOf({ client, call }: Iot, thingGroupName: string): Promise<string[]> {
  const doing = `look up thing group ${thingGroupName}`;
  return await call({ doing, action: "iot:DescribeThingGroup" }, async (options) => {
    const group = await client
      .send(new DescribeThingGroupCommand({ thingGroupName }), options)
      .catch(absentIf("ResourceNotFoundException"));
    const above = group?.thingGroupMetadata?.rootToParentThingGroups ?? [];
    return above.flatMap(({ groupArn }) => groupArn ?? []);
  });
}
