import { AwsError } from "../errors.js";
import { remove } from "../listing/indexes.js";
import { addCertificate } from "../registry/certificates.js";
import { type RegistryContext, randomUuid } from "../registry/context.js";
import { provisioningOf } from "../registry/provisioning.js";
import type { CertificateOwnership, Registry } from "../registry/registry.js";

/** AWS IoT Developer Guide, "Device provisioning MQTT API": the token expires after one hour. */
const OWNERSHIP_LIFETIME_MS = 3_600_000;

export interface PendingCertificateInput {
  certificateId: string;
  certificatePem: string;
  /** Id of the certificate of the client that requests it. */
  clientCertificateId?: string | undefined;
}

/** Adds a certificate that the CA has just issued over MQTT; returns its ownership token. */
export function registerPendingCertificate(context: RegistryContext, input: PendingCertificateInput): string {
  const { certificateId, certificatePem, clientCertificateId } = input;
  deleteExpired(context);
  addCertificate(context, { certificateId, certificatePem, status: "PENDING_ACTIVATION" });
  const token = `${randomUuid(context)}${randomUuid(context)}`.replaceAll("-", "");
  provisioningOf(context.world).ownerships.set(token, {
    certificateId,
    expiresAtMs: context.nowMs + OWNERSHIP_LIFETIME_MS,
    ...(clientCertificateId !== undefined && { clientCertificateId }),
  });
  return token;
}

/**
 * Returns what a token gives its owner.
 * @throws {AwsError} InvalidCertificateOwnershipToken if it has expired, or another client got it
 */
export function requireOwnership(
  { world, nowMs }: RegistryContext,
  input: { token: string; clientCertificateId?: string | undefined },
): Readonly<CertificateOwnership> {
  const ownership = world.provisioning?.ownerships.get(input.token);
  if (ownership === undefined) throw invalidToken("The certificate ownership token is not valid");
  if (ownership.expiresAtMs <= nowMs) throw invalidToken("The certificate ownership token has expired");
  if (ownership.clientCertificateId !== input.clientCertificateId) {
    throw invalidToken("The certificate ownership token belongs to another client certificate");
  }
  return ownership;
}

/** Deletes expired tokens, and their certificates if no template has activated them. */
function deleteExpired({ world, nowMs }: RegistryContext): void {
  const { ownerships } = provisioningOf(world);
  for (const [token, { certificateId, expiresAtMs }] of ownerships) {
    if (expiresAtMs > nowMs) continue;
    ownerships.delete(token);
    if (isUnused(world, certificateId)) remove(world.certificates, certificateId);
  }
}

function isUnused(world: Registry, certificateId: string): boolean {
  const certificate = world.certificates.get(certificateId);
  if (certificate === undefined || certificate.status !== "PENDING_ACTIVATION") return false;
  return certificate.things.size === 0 && certificate.policies.size === 0;
}

function invalidToken(message: string): AwsError {
  return new AwsError("InvalidCertificateOwnershipToken", 400, message);
}
