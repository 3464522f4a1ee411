import { DescribeThingGroupCommand, ListThingGroupsForThingCommand } from "@aws-sdk/client-iot";
import { nameOf } from "./errors.js";
import type { Iot } from "./iot.js";
import { pagesOf } from "./pages.js";

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
  return await call({ doing, action: "iot:ListThingGroupsForThing" }, async (options) => {
    try {
      const found: { name: string; arn: string }[] = [];
      const pages = pagesOf((nextToken) =>
        client.send(new ListThingGroupsForThingCommand({ thingName, nextToken }), options),
      );
      for await (const { thingGroups = [] } of pages) {
        for (const { groupName = "", groupArn = "" } of thingGroups)
          found.push({ name: groupName, arn: groupArn });
      }
      return found;
    } catch (error) {
      if (nameOf(error) === "ResourceNotFoundException") return [];
      throw error;
    }
  });
}

async function parentsOf({ client, call }: Iot, thingGroupName: string): Promise<string[]> {
  const doing = `look up thing group ${thingGroupName}`;
  return await call({ doing, action: "iot:DescribeThingGroup" }, async (options) => {
    try {
      const answer = await client.send(new DescribeThingGroupCommand({ thingGroupName }), options);
      const above = answer.thingGroupMetadata?.rootToParentThingGroups ?? [];
      return above.flatMap(({ groupArn }) => groupArn ?? []);
    } catch (error) {
      if (nameOf(error) === "ResourceNotFoundException") return [];
      throw error;
    }
  });
}
