import { CreateDynamicThingGroupCommand, DescribeThingGroupCommand } from "@aws-sdk/client-iot";
import { FotaError } from "@fota/shared";
import { absentIf, nameOf } from "./errors.js";
import { indexError } from "./fleet-index.js";
import type { Iot } from "./iot.js";
import { required } from "./required.js";

/** Holds a dynamic thing group: AWS IoT keeps the things in it that its query finds. */
export interface DynamicGroup {
  arn: string;
  /** `undefined` for a static group. */
  queryString: string | undefined;
  /** False while AWS IoT still looks for the things that the query finds. */
  active: boolean;
}

/** Returns a group; `undefined` when none has that name. */
export async function findDynamicGroup(
  { client, call }: Iot,
  thingGroupName: string,
): Promise<DynamicGroup | undefined> {
  const doing = `look up thing group ${thingGroupName}`;
  return await call({ doing, action: "iot:DescribeThingGroup" }, async (options) => {
    const found = await client
      .send(new DescribeThingGroupCommand({ thingGroupName }), options)
      .catch(absentIf("ResourceNotFoundException"));
    if (found === undefined) return undefined;
    return {
      arn: required(found.thingGroupArn, "thingGroupArn"),
      queryString: found.queryString,
      active: found.status === undefined || found.status === "ACTIVE",
    };
  });
}

/**
 * Creates a dynamic group; does nothing if a group of that name exists.
 * @throws {FotaError} QUERY_INVALID, INDEX_OFF; AWS_ERROR when the account has as many as AWS allows
 */
export async function createDynamicGroup(
  { client, call }: Iot,
  thingGroupName: string,
  queryString: string,
): Promise<void> {
  const doing = `create dynamic thing group ${thingGroupName}`;
  await call({ doing, action: "iot:CreateDynamicThingGroup" }, async (options) => {
    const thingGroupProperties = { thingGroupDescription: "created by fota for --to query:" };
    const command = new CreateDynamicThingGroupCommand({ thingGroupName, queryString, thingGroupProperties });
    await client
      .send(command, options)
      .catch(absentIf("ResourceAlreadyExistsException")) // another command created it meanwhile
      .catch(tooMany)
      .catch(indexError(queryString));
  });
}

function tooMany(error: unknown): never {
  if (nameOf(error) !== "LimitExceededException") throw error;
  throw new FotaError("AWS_ERROR", "the account has as many dynamic thing groups as AWS IoT allows", {
    hint: "delete one that no job needs: `aws iot delete-dynamic-thing-group --thing-group-name <name>`; `aws iot list-thing-groups --name-prefix-filter fota-query-` lists those of fota",
    cause: error,
  });
}
