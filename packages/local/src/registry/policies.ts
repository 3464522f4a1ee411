import { iotArn } from "../account.js";
import { alreadyExists, deleteConflict, notFound } from "../errors.js";
import { nextSequence, type Policy, type Turn, type World } from "../world.js";

/** @throws {AwsError} ResourceAlreadyExists */
export function createPolicy(turn: Turn, input: { policyName: string; document: string }): Readonly<Policy> {
  const { policyName } = input;
  if (turn.world.policies.has(policyName)) {
    const arn = iotArn(turn.world.region, `policy/${policyName}`);
    throw alreadyExists(
      `Policy cannot be created - name already exists (name=${policyName})`,
      policyName,
      arn,
    );
  }
  const policy: Policy = {
    policyName,
    sequence: nextSequence(turn.world),
    document: input.document,
    createdAtMs: turn.nowMs,
  };
  turn.world.policies.set(policyName, policy);
  return policy;
}

/** @throws {AwsError} ResourceNotFound; DeleteConflict while it is attached */
export function deletePolicy(turn: Turn, input: { policyName: string }): void {
  const { policyName } = existingPolicy(turn.world, input.policyName);
  for (const certificate of turn.world.certificates.values()) {
    if (certificate.policies.has(policyName)) {
      throw deleteConflict(
        `Cannot delete the policy because it is attached to one or more principals (name=${policyName})`,
      );
    }
  }
  turn.world.policies.delete(policyName);
}

/** @throws {AwsError} ResourceNotFound */
export function existingPolicy(world: World, policyName: string): Policy {
  const policy = world.policies.get(policyName);
  if (policy === undefined) throw notFound(`Policy not found (name=${policyName})`);
  return policy;
}
