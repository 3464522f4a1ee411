import { ACCOUNT_ID } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { readTags } from "../../jobs/fields.js";
import { listOf } from "../../listing/indexes.js";
import { ROLE_ALIAS, ROLE_ARN } from "../../registry/fields.js";
import type { RoleAlias } from "../../registry/registry.js";
import { existingRoleAlias, roleAliasArn } from "../../registry/role-aliases.js";
import {
  type Members,
  optionalInteger,
  optionalString,
  refuseUnknownMembers,
  requiredString,
} from "../../rest/fields.js";
import { pageByMarker } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

/** Source: API model iot 2015-05-28, CredentialDurationSeconds. */
const DURATION_SECONDS = { min: 900, max: 43_200 };
/** Source: AWS IoT API Reference, CreateRoleAlias. */
const DEFAULT_DURATION_SECONDS = 3_600;

/** Returns the routes for role aliases, which the credential provider uses. */
export function roleAliasRoutes(engine: Engine) {
  return [
    route("POST /role-aliases/{roleAlias}", create),
    route("GET /role-aliases/{roleAlias}", describe),
    route("GET /role-aliases", list),
    route("PUT /role-aliases/{roleAlias}", update),
    route("DELETE /role-aliases/{roleAlias}", remove),
  ];

  async function create({ params, body }: RestRequest) {
    refuseUnknownMembers("CreateRoleAlias", body, ["roleArn", "credentialDurationSeconds", "tags"]);
    const roleAlias = readName(params);
    await engine.run("createRoleAlias", {
      roleAlias,
      roleArn: requiredString(body, "roleArn", ROLE_ARN),
      credentialDurationSeconds: readDuration(body) ?? DEFAULT_DURATION_SECONDS,
      tags: readTags(body),
    });
    return nameAndArn(roleAlias);
  }

  function describe({ params }: RestRequest) {
    const found = existingRoleAlias(engine.world, readName(params));
    return {
      roleAliasDescription: {
        ...nameAndArn(found.roleAlias),
        roleArn: found.roleArn,
        owner: ACCOUNT_ID,
        credentialDurationSeconds: found.credentialDurationSeconds,
        creationDate: found.createdAtMs / 1000,
        lastModifiedDate: found.lastModifiedAtMs / 1000,
      },
    };
  }

  async function list({ query }: RestRequest) {
    const all = listOf(engine.world.roleAliases ?? new Map<string, RoleAlias>());
    const { items, nextMarker } = await pageByMarker("ListRoleAliases", all, query);
    return { roleAliases: items.map(({ roleAlias }) => roleAlias), nextMarker };
  }

  async function update({ params, body }: RestRequest) {
    refuseUnknownMembers("UpdateRoleAlias", body, ["roleArn", "credentialDurationSeconds"]);
    const roleAlias = readName(params);
    await engine.run("updateRoleAlias", {
      roleAlias,
      roleArn: optionalString(body, "roleArn", ROLE_ARN),
      credentialDurationSeconds: readDuration(body),
    });
    return nameAndArn(roleAlias);
  }

  async function remove({ params }: RestRequest) {
    await engine.run("deleteRoleAlias", { roleAlias: readName(params) });
  }

  function nameAndArn(roleAlias: string) {
    return { roleAlias, roleAliasArn: roleAliasArn(engine.world, roleAlias) };
  }
}

function readName(params: Members): string {
  return requiredString(params, "roleAlias", ROLE_ALIAS);
}

function readDuration(body: Members): number | undefined {
  return optionalInteger(body, "credentialDurationSeconds", DURATION_SECONDS);
}
