import { X509Certificate } from "node:crypto";
import { messageOf } from "@fota/shared";
import { certificateIdOf } from "../certificates/ca.js";
import { checkKey } from "../certificates/signing-request.js";
import { certificateValidation, registrationCodeValidation } from "../errors.js";
import type { Registry } from "./registry.js";

/**
 * Returns the id of a certificate that another CA issued, or that is self-signed. Its validity is checked when a client
 * connects with it.
 * @throws {AwsError} CertificateValidation
 */
export function readForeignCertificate(certificatePem: string): string {
  const certificate = parse(certificatePem, "certificate");
  try {
    checkKey(certificate.publicKey);
  } catch (error) {
    throw certificateValidation(`The certificate cannot be used: ${messageOf(error)}`);
  }
  return certificateIdOf(certificate.raw);
}

/** Returns the id of a CA's certificate. @throws {AwsError} CertificateValidation */
export function readCaCertificate(certificatePem: string): string {
  const certificate = parse(certificatePem, "CA certificate");
  if (!certificate.ca)
    throw certificateValidation("The CA certificate cannot be used: it is not that of a CA");
  return certificateIdOf(certificate.raw);
}

/**
 * Checks that the owner of a CA's key signed a certificate for the registration code.
 * @throws {AwsError} CertificateValidation, RegistrationCodeValidation
 */
export function checkVerification(caPem: string, verificationPem: string, registrationCode: string): void {
  const verification = parse(verificationPem, "verification certificate");
  if (!isIssuedBy(verification, new X509Certificate(caPem))) {
    throw certificateValidation("The CA certificate did not sign the verification certificate.");
  }
  if (!verification.subject.split("\n").includes(`CN=${registrationCode}`)) {
    throw registrationCodeValidation(
      "The common name of the verification certificate is not the registration code.",
    );
  }
}

/** Returns the id of the registered, ACTIVE CA that signed the certificate. @throws {AwsError} CertificateValidation */
export function findIssuer(world: Readonly<Registry>, certificatePem: string): string {
  const certificateId = issuerOf(world, parse(certificatePem, "certificate"));
  if (certificateId !== undefined) return certificateId;
  throw certificateValidation("No registered CA certificate that is ACTIVE signed the certificate.");
}

/** Returns the id of the registered, ACTIVE CA that signed the certificate; `undefined` if there is none. */
export function issuerOf(
  { foreignCas }: Readonly<Registry>,
  certificate: X509Certificate,
): string | undefined {
  for (const { certificateId, certificatePem, status } of foreignCas?.values() ?? []) {
    if (status === "ACTIVE" && isIssuedBy(certificate, new X509Certificate(certificatePem)))
      return certificateId;
  }
  return undefined;
}

function isIssuedBy(certificate: X509Certificate, ca: X509Certificate): boolean {
  return certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
}

/**
 * Parses the one certificate of a text. The API model has "the PEM of a certificate"; AWS does not document what it does
 * with a chain, of which Node.js would take the first.
 */
function parse(certificatePem: string, what: string): X509Certificate {
  const found = certificatePem.match(/^\s*-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/gm)?.length ?? 0;
  if (found > 1)
    throw certificateValidation(`The ${what} cannot be used: the PEM has ${found} certificates, not one`);
  try {
    return new X509Certificate(certificatePem);
  } catch {
    throw certificateValidation(`The ${what} cannot be used: it is not a certificate in PEM`);
  }
}
