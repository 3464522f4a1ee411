import { iotArn } from "../account.js";
import { AwsError, alreadyExists, deleteConflict, limitExceeded, notFound } from "../errors.js";
import { put, remove, valuesToRead } from "../listing/indexes.js";
import { nextSequence, type RegistryContext } from "./context.js";
import type { Policy, PolicyVersion, Registry } from "./registry.js";

// AWS General Reference, "AWS IoT Core endpoints and quotas".
const VERSIONS_MAX = 5;
export const POLICIES_OF_A_CERTIFICATE_MAX = 10;

/** @throws {AwsError} ResourceAlreadyExists */
export function createPolicy(
  context: RegistryContext,
  input: { policyName: string; document: string; tags?: Record<string, string> },
): Readonly<Policy> {
  const { policyName, document, tags = {} } = input;
  if (context.world.policies.has(policyName)) {
    const arn = iotArn(context.world.region, `policy/${policyName}`);
    throw alreadyExists(
      `Policy cannot be created - name already exists (name=${policyName})`,
      policyName,
      arn,
    );
  }
  const policy: Policy = {
    policyName,
    sequence: nextSequence(context.world),
    createdAtMs: context.nowMs,
    versions: new Map(),
    defaultVersionId: "1",
    lastVersion: 0,
    tags,
  };
  addVersion(context, policy, document);
  put(context.world.policies, policyName, policy);
  return policy;
}

/** @throws {AwsError} ResourceNotFound, VersionsLimitExceeded */
export function createPolicyVersion(
  context: RegistryContext,
  input: { policyName: string; document: string; setAsDefault: boolean },
): PolicyVersion {
  const policy = existingPolicy(context.world, input.policyName);
  if (policy.versions.size >= VERSIONS_MAX) {
    const message = `The policy ${policy.policyName} already has the maximum number of versions (${VERSIONS_MAX})`;
    throw new AwsError("VersionsLimitExceededException", 409, message);
  }
  const version = addVersion(context, policy, input.document);
  if (input.setAsDefault) policy.defaultVersionId = version.versionId;
  return version;
}

/** @throws {AwsError} ResourceNotFound */
export function setDefaultPolicyVersion(
  context: RegistryContext,
  input: { policyName: string; versionId: string },
): void {
  const policy = existingPolicy(context.world, input.policyName);
  policy.defaultVersionId = existingVersion(policy, input.versionId).versionId;
}

/** @throws {AwsError} ResourceNotFound; DeleteConflict for the default version */
export function deletePolicyVersion(
  context: RegistryContext,
  input: { policyName: string; versionId: string },
): void {
  const policy = existingPolicy(context.world, input.policyName);
  const { versionId } = existingVersion(policy, input.versionId);
  if (versionId === policy.defaultVersionId) {
    throw deleteConflict(`Cannot delete the default version of a policy (name=${policy.policyName})`);
  }
  policy.versions.delete(versionId);
}

/** @throws {AwsError} ResourceNotFound; DeleteConflict while the policy is attached or has other versions */
export function deletePolicy(context: RegistryContext, input: { policyName: string }): void {
  const { policyName, versions } = existingPolicy(context.world, input.policyName);
  if (versions.size > 1) {
    throw deleteConflict(
      `Cannot delete the policy because it has one or more policy versions attached to it (name=${policyName})`,
    );
  }
  for (const certificate of valuesToRead(context.world.certificates)) {
    if (certificate.policies.has(policyName)) {
      throw deleteConflict(
        `Cannot delete the policy because it is attached to one or more principals (name=${policyName})`,
      );
    }
  }
  remove(context.world.policies, policyName);
}

/** @throws {AwsError} LimitExceeded */
export function checkPolicyCount(policies: ReadonlySet<string>, policyName: string): void {
  if (policies.has(policyName) || policies.size < POLICIES_OF_A_CERTIFICATE_MAX) return;
  throw limitExceeded(`A certificate has at most ${POLICIES_OF_A_CERTIFICATE_MAX} policies`);
}

/** @throws {AwsError} ResourceNotFound */
export function existingPolicy(world: Registry, policyName: string): Policy {
  const policy = world.policies.get(policyName);
  if (policy === undefined) throw notFound(`Policy not found (name=${policyName})`);
  return policy;
}

/** @throws {AwsError} ResourceNotFound */
export function existingVersion(policy: Readonly<Policy>, versionId: string): PolicyVersion {
  const version = policy.versions.get(versionId);
  if (version === undefined) {
    throw notFound(`Policy version not found (name=${policy.policyName}, version=${versionId})`);
  }
  return version;
}

/** Returns the version that is in effect. */
export function defaultVersion(policy: Readonly<Policy>): PolicyVersion {
  return existingVersion(policy, policy.defaultVersionId);
}

function addVersion(context: RegistryContext, policy: Policy, document: string): PolicyVersion {
  policy.lastVersion += 1;
  const version = { versionId: String(policy.lastVersion), document, createdAtMs: context.nowMs };
  policy.versions.set(version.versionId, version);
  return version;
}
