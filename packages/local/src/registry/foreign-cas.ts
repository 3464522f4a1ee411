import { iotArn } from "../account.js";
import { alreadyExists, certificateState, notFound } from "../errors.js";
import { put, remove } from "../listing/indexes.js";
import { nextSequence, type RegistryContext } from "./context.js";
import type { ForeignCa, Registry } from "./registry.js";

/** @throws {AwsError} ResourceAlreadyExists */
export function registerForeignCa(
  context: RegistryContext,
  input: Pick<ForeignCa, "certificateId" | "certificatePem" | "status" | "mode" | "tags">,
): Readonly<ForeignCa> {
  const { world, nowMs } = context;
  const { certificateId } = input;
  if (world.foreignCas?.has(certificateId)) {
    const arn = foreignCaArn(world, certificateId);
    throw alreadyExists("The CA certificate is already registered.", certificateId, arn);
  }
  const sequence = nextSequence(world);
  const ca = { ...input, sequence, createdAtMs: nowMs, lastUpdatedAtMs: nowMs, customerVersion: 1 };
  world.foreignCas ??= new Map();
  put(world.foreignCas, certificateId, ca);
  return ca;
}

/** @throws {AwsError} ResourceNotFound */
export function updateForeignCa(
  { world, nowMs }: RegistryContext,
  input: { certificateId: string; status: ForeignCa["status"] },
): void {
  const ca = existingForeignCa(world, input.certificateId);
  ca.status = input.status;
  ca.lastUpdatedAtMs = nowMs;
  ca.customerVersion += 1;
}

/** Certificates that it signed stay registered. @throws {AwsError} ResourceNotFound, CertificateState */
export function deleteForeignCa({ world }: RegistryContext, input: { certificateId: string }): void {
  const { certificateId, status } = existingForeignCa(world, input.certificateId);
  if (status === "ACTIVE") {
    throw certificateState("The CA certificate must be deactivated (not ACTIVE) before deletion.");
  }
  if (world.foreignCas !== undefined) remove(world.foreignCas, certificateId);
}

/** @throws {AwsError} ResourceNotFound */
export function existingForeignCa(world: Readonly<Registry>, certificateId: string): ForeignCa {
  const ca = world.foreignCas?.get(certificateId);
  if (ca === undefined) throw notFound(`CA certificate ${certificateId} not found.`);
  return ca;
}

export function foreignCaArn({ region }: Readonly<Registry>, certificateId: string): string {
  return iotArn(region, `cacert/${certificateId}`);
}
