import { X509Certificate } from "node:crypto";
import { messageOf } from "@fota/shared";
import { certificateIdOf } from "../certificates/ca.js";
import { checkKey } from "../certificates/signing-request.js";
import { certificateValidation } from "../errors.js";

/**
 * Returns the id of a certificate that another CA issued, or that is self-signed. Its validity is checked when a client
 * connects with it.
 * @throws {AwsError} CertificateValidation
 */
export function readForeignCertificate(certificatePem: string): string {
  const certificate = parse(certificatePem);
  try {
    checkKey(certificate.publicKey);
  } catch (error) {
    throw certificateValidation(`The certificate cannot be used: ${messageOf(error)}`);
  }
  return certificateIdOf(certificate.raw);
}

function parse(certificatePem: string): X509Certificate {
  try {
    return new X509Certificate(certificatePem);
  } catch {
    throw certificateValidation("The certificate cannot be used: it is not a certificate in PEM");
  }
}
