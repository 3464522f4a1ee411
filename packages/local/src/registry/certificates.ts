import { iotArn } from "../account.js";
import { certificateState, deleteConflict, notFound } from "../errors.js";
import { nextSequence, type RegistryContext } from "./context.js";
import { checkRoomForPolicy, existingPolicy } from "./policies.js";
import type { Certificate, Policy, Registry } from "./registry.js";
import { existingThing } from "./things.js";

export interface RegisterCertificateInput {
  certificateId: string;
  certificatePem: string;
  active: boolean;
}

/** Enters a certificate that the CA has just issued. */
export function registerCertificate(
  turn: RegistryContext,
  input: RegisterCertificateInput,
): Readonly<Certificate> {
  const certificate: Certificate = {
    certificateId: input.certificateId,
    sequence: nextSequence(turn.world),
    certificatePem: input.certificatePem,
    status: input.active ? "ACTIVE" : "INACTIVE",
    createdAtMs: turn.nowMs,
    lastUpdatedAtMs: turn.nowMs,
    policies: new Set(),
    things: new Set(),
  };
  turn.world.certificates.set(input.certificateId, certificate);
  return certificate;
}

/** @throws {AwsError} ResourceNotFound */
export function updateCertificate(
  turn: RegistryContext,
  input: { certificateId: string; status: Certificate["status"] },
): void {
  const certificate = existingCertificate(turn.world, input.certificateId);
  certificate.status = input.status;
  certificate.lastUpdatedAtMs = turn.nowMs;
  certificate.customerVersion = (certificate.customerVersion ?? 1) + 1;
}

/**
 * An attached policy leaves with it when forced; a thing must be detached first.
 * @throws {AwsError} ResourceNotFound, DeleteConflict, CertificateState
 */
export function deleteCertificate(
  turn: RegistryContext,
  input: { certificateId: string; force: boolean },
): void {
  const certificate = existingCertificate(turn.world, input.certificateId);
  if (certificate.status === "ACTIVE") {
    throw certificateState("Certificate must be deactivated (not ACTIVE) before deletion.");
  }
  if (certificate.things.size > 0) {
    throw deleteConflict(
      `Things must be detached before deletion (arn: ${certificateArn(turn.world, certificate)})`,
    );
  }
  if (certificate.policies.size > 0 && !input.force) {
    throw deleteConflict("Certificate policies must be detached before deletion");
  }
  turn.world.certificates.delete(certificate.certificateId);
}

/** @throws {AwsError} ResourceNotFound */
export function attachThingPrincipal(
  turn: RegistryContext,
  input: { thingName: string; certificateId: string },
): void {
  const thing = existingThing(turn.world, input.thingName);
  const certificate = existingCertificate(turn.world, input.certificateId);
  thing.certificates.add(certificate.certificateId);
  certificate.things.add(thing.thingName);
}

/** @throws {AwsError} ResourceNotFound */
export function detachThingPrincipal(
  turn: RegistryContext,
  input: { thingName: string; certificateId: string },
): void {
  const thing = existingThing(turn.world, input.thingName);
  const certificate = existingCertificate(turn.world, input.certificateId);
  thing.certificates.delete(certificate.certificateId);
  certificate.things.delete(thing.thingName);
}

/** @throws {AwsError} ResourceNotFound, LimitExceeded */
export function attachPolicy(
  turn: RegistryContext,
  input: { policyName: string; certificateId: string },
): void {
  const { policyName } = existingPolicy(turn.world, input.policyName);
  const { policies } = existingCertificate(turn.world, input.certificateId);
  checkRoomForPolicy(policies, policyName);
  policies.add(policyName);
}

/** @throws {AwsError} ResourceNotFound */
export function detachPolicy(
  turn: RegistryContext,
  input: { policyName: string; certificateId: string },
): void {
  const policy = existingPolicy(turn.world, input.policyName);
  existingCertificate(turn.world, input.certificateId).policies.delete(policy.policyName);
}

/** @throws {AwsError} ResourceNotFound */
export function existingCertificate(world: Registry, certificateId: string): Certificate {
  const certificate = world.certificates.get(certificateId);
  if (certificate === undefined) throw notFound(`Certificate ${certificateId} not found.`);
  return certificate;
}

export function certificateArn(world: Registry, certificate: Readonly<Certificate>): string {
  return iotArn(world.region, `cert/${certificate.certificateId}`);
}

export function certificateOf(world: Registry, certificateId: string): Readonly<Certificate> | undefined {
  return world.certificates.get(certificateId);
}

/** The policies attached to a certificate; none for one that is unknown. */
export function policiesOf(world: Registry, certificateId: string): Readonly<Policy>[] {
  const names = world.certificates.get(certificateId)?.policies ?? [];
  return [...names].map((name) => existingPolicy(world, name));
}

/** Names of the things that a certificate is attached to; none for one that is unknown. */
export function thingsOf(world: Registry, certificateId: string): string[] {
  return [...(world.certificates.get(certificateId)?.things ?? [])];
}
