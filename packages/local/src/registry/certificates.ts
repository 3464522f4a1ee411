import { iotArn } from "../account.js";
import { alreadyExists, certificateState, deleteConflict, notFound } from "../errors.js";
import { addName, change, indexOf, listOf, put, remove, removeName } from "../listing/indexes.js";
import { keyKind } from "../listing/key-lists.js";
import { type InOrder, ListIndex } from "../listing/list-index.js";
import { nextSequence, type RegistryContext } from "./context.js";
import { existingForeignCa } from "./foreign-cas.js";
import { withName, withoutName } from "./names.js";
import { checkPolicyCount, existingPolicy } from "./policies.js";
import type { Certificate, Policy, Registry, Thing } from "./registry.js";
import { existingThing } from "./things.js";

export interface RegisterCertificateInput {
  certificateId: string;
  certificatePem: string;
  active: boolean;
}

/** Adds a certificate that the CA has just issued. */
export function registerCertificate(
  context: RegistryContext,
  { active, ...input }: RegisterCertificateInput,
): Readonly<Certificate> {
  return addCertificate(context, { ...input, status: active ? "ACTIVE" : "INACTIVE" });
}

type ForeignCertificate = Pick<Certificate, "certificateId" | "certificatePem" | "status">;

/** Adds a certificate that another CA issued. @throws {AwsError} ResourceAlreadyExists */
export function registerCertificateWithoutCa(
  context: RegistryContext,
  input: ForeignCertificate,
): Readonly<Certificate> {
  return addForeignCertificate(context, { ...input, mode: "SNI_ONLY" });
}

/** Adds a certificate that a registered CA issued. @throws {AwsError} ResourceNotFound, ResourceAlreadyExists */
export function registerCertificateWithCa(
  context: RegistryContext,
  input: ForeignCertificate & { caCertificateId: string },
): Readonly<Certificate> {
  const { mode } = existingForeignCa(context.world, input.caCertificateId);
  return addForeignCertificate(context, { ...input, ...(mode === "SNI_ONLY" && { mode }) });
}

function addForeignCertificate(context: RegistryContext, input: AddedCertificate): Readonly<Certificate> {
  const { certificateId } = input;
  const existing = context.world.certificates.get(certificateId);
  if (existing !== undefined) {
    const arn = certificateArn(context.world, existing);
    throw alreadyExists("The certificate is already registered.", certificateId, arn);
  }
  return addCertificate(context, input);
}

type AddedCertificate = ForeignCertificate & Pick<Certificate, "mode" | "caCertificateId">;

/** Adds a certificate with the status that it begins with. */
export function addCertificate(context: RegistryContext, input: AddedCertificate): Readonly<Certificate> {
  const certificate: Certificate = {
    sequence: nextSequence(context.world),
    createdAtMs: context.nowMs,
    lastUpdatedAtMs: context.nowMs,
    policies: new Set(),
    things: new Set(),
    ...input,
  };
  put(context.world.certificates, input.certificateId, certificate);
  return certificate;
}

/** @throws {AwsError} ResourceNotFound */
export function updateCertificate(
  context: RegistryContext,
  input: { certificateId: string; status: Certificate["status"] },
): void {
  const certificate = existingCertificate(context.world, input.certificateId);
  certificate.status = input.status;
  certificate.lastUpdatedAtMs = context.nowMs;
  certificate.customerVersion = (certificate.customerVersion ?? 1) + 1;
}

/**
 * Deletes a certificate; with `force` also if policies are attached. Things must be detached first.
 * @throws {AwsError} ResourceNotFound, DeleteConflict, CertificateState
 */
export function deleteCertificate(
  context: RegistryContext,
  input: { certificateId: string; force: boolean },
): void {
  const certificate = existingCertificate(context.world, input.certificateId);
  if (certificate.status === "ACTIVE") {
    throw certificateState("Certificate must be deactivated (not ACTIVE) before deletion.");
  }
  if (certificate.things.size > 0) {
    throw deleteConflict(
      `Things must be detached before deletion (arn: ${certificateArn(context.world, certificate)})`,
    );
  }
  if (certificate.policies.size > 0 && !input.force) {
    throw deleteConflict("Certificate policies must be detached before deletion");
  }
  remove(context.world.certificates, certificate.certificateId);
}

/** @throws {AwsError} ResourceNotFound */
export function attachThingPrincipal(
  context: RegistryContext,
  input: { thingName: string; certificateId: string },
): void {
  const thing = existingThing(context.world, input.thingName);
  const certificate = existingCertificate(context.world, input.certificateId);
  thing.certificates = withName(thing.certificates, certificate.certificateId);
  addName(certificate.things, thing.thingName, thing);
}

/** @throws {AwsError} ResourceNotFound */
export function detachThingPrincipal(
  context: RegistryContext,
  input: { thingName: string; certificateId: string },
): void {
  const thing = existingThing(context.world, input.thingName);
  const certificate = existingCertificate(context.world, input.certificateId);
  thing.certificates = withoutName(thing.certificates, certificate.certificateId);
  removeName(certificate.things, thing.thingName, thing);
}

/** @throws {AwsError} ResourceNotFound, LimitExceeded */
export function attachPolicy(
  context: RegistryContext,
  input: { policyName: string; certificateId: string },
): void {
  const { policyName } = existingPolicy(context.world, input.policyName);
  const { certificates } = context.world;
  const certificate = existingCertificate(context.world, input.certificateId);
  checkPolicyCount(certificate.policies, policyName);
  change(certificates, certificate, () => (certificate.policies as Set<string>).add(policyName));
}

/** @throws {AwsError} ResourceNotFound */
export function detachPolicy(
  context: RegistryContext,
  input: { policyName: string; certificateId: string },
): void {
  const policy = existingPolicy(context.world, input.policyName);
  const certificate = existingCertificate(context.world, input.certificateId);
  change(context.world.certificates, certificate, () =>
    (certificate.policies as Set<string>).delete(policy.policyName),
  );
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

/** Returns the policies attached to a certificate; none for an unknown certificate. */
export function policiesOf(world: Registry, certificateId: string): Readonly<Policy>[] {
  const names = world.certificates.get(certificateId)?.policies ?? [];
  return [...names].map((name) => existingPolicy(world, name));
}

/** Returns the things that a certificate is attached to; none for an unknown certificate. */
export function thingsOf(world: Registry, certificateId: string): InOrder<Thing> {
  const { things } = world.certificates.get(certificateId) ?? {};
  return things === undefined
    ? new ListIndex<Thing>([])
    : indexOf(things, () => [...things].map((name) => existingThing(world, name)));
}

const byPolicy = keyKind<Certificate>(({ policies }) => policies);

/** Returns the certificates that a policy is attached to. */
export function holdersOf(world: Registry, policyName: string): InOrder<Certificate> {
  return listOf(world.certificates).withKey(byPolicy, policyName);
}
