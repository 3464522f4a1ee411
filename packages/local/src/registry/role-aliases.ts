import { iotArn } from "../account.js";
import { alreadyExists, notFound } from "../errors.js";
import { put, remove } from "../listing/indexes.js";
import { nextSequence, type RegistryContext } from "./context.js";
import type { Registry, RoleAlias } from "./registry.js";

/** @throws {AwsError} ResourceAlreadyExists */
export function createRoleAlias(
  context: RegistryContext,
  input: Pick<RoleAlias, "roleAlias" | "roleArn" | "credentialDurationSeconds" | "tags">,
): Readonly<RoleAlias> {
  const { world, nowMs } = context;
  const { roleAlias } = input;
  if (world.roleAliases?.has(roleAlias)) {
    throw alreadyExists(`Role alias ${roleAlias} already exists.`, roleAlias, roleAliasArn(world, roleAlias));
  }
  const created = { ...input, sequence: nextSequence(world), createdAtMs: nowMs, lastModifiedAtMs: nowMs };
  world.roleAliases ??= new Map();
  put(world.roleAliases, roleAlias, created);
  return created;
}

/** Changes what `input` has. @throws {AwsError} ResourceNotFound */
export function updateRoleAlias(
  { world, nowMs }: RegistryContext,
  input: { roleAlias: string; roleArn?: string | undefined; credentialDurationSeconds?: number | undefined },
): void {
  const found = existingRoleAlias(world, input.roleAlias);
  found.roleArn = input.roleArn ?? found.roleArn;
  found.credentialDurationSeconds = input.credentialDurationSeconds ?? found.credentialDurationSeconds;
  found.lastModifiedAtMs = nowMs;
}

/** Credentials that devices got with it stay valid. @throws {AwsError} ResourceNotFound */
export function deleteRoleAlias({ world }: RegistryContext, input: { roleAlias: string }): void {
  const { roleAlias } = existingRoleAlias(world, input.roleAlias);
  if (world.roleAliases !== undefined) remove(world.roleAliases, roleAlias);
}

/** @throws {AwsError} ResourceNotFound */
export function existingRoleAlias(world: Readonly<Registry>, roleAlias: string): RoleAlias {
  const found = world.roleAliases?.get(roleAlias);
  if (found === undefined) throw notFound(`Role alias ${roleAlias} not found.`);
  return found;
}

export function roleAliasArn({ region }: Readonly<Registry>, roleAlias: string): string {
  return iotArn(region, `rolealias/${roleAlias}`);
}
