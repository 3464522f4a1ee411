import { createHash, X509Certificate } from "node:crypto";
import { certificateArn } from "../../registry/certificates.js";
import type { Certificate, Registry } from "../../registry/registry.js";

/** The statuses that requests can set. */
export const CERTIFICATE_STATUSES = ["ACTIVE", "INACTIVE", "REVOKED"] as const;

/** Returns a certificate as lists show it. */
export function certificateSummary(world: Registry, certificate: Readonly<Certificate>) {
  return {
    certificateArn: certificateArn(world, certificate),
    certificateId: certificate.certificateId,
    status: certificate.status,
    creationDate: certificate.createdAtMs / 1000,
    certificateMode: certificate.mode ?? "DEFAULT",
  };
}

/** Returns an opaque id for the certificate; a UUID, as at AWS. */
export function generationIdOf({ certificateId }: Readonly<{ certificateId: string }>): string {
  const hex = createHash("sha256").update(`generation of ${certificateId}`).digest("hex");
  return hex.slice(0, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
}

/** Returns the validity in the certificate, in whole seconds. */
export function validityOf({ certificatePem }: Readonly<{ certificatePem: string }>) {
  const { validFrom, validTo } = new X509Certificate(certificatePem);
  return { notBefore: Date.parse(validFrom) / 1000, notAfter: Date.parse(validTo) / 1000 };
}
