import type { SigningRequest } from "./signing-request.js";

/** A device certificate and its key pair, all in PEM, as CreateKeysAndCertificate returns them. */
export interface IssuedCertificate {
  /** Id at AWS: the SHA-256 of the certificate's DER form in lower-case hex. */
  certificateId: string;
  certificatePem: string;
  publicKeyPem: string;
  privateKeyPem: string;
}

/** Issues device certificates: the stand-in's own CA. Keeps no record of them. */
export interface CertificateIssuer {
  /** What the owner of another CA signs to register that CA: 64 hexadecimal digits. */
  registrationCode: string;
  issueCertificate(): Promise<IssuedCertificate>;
  /** Issues a certificate for a key pair of the device. */
  issueFor(request: SigningRequest): Pick<IssuedCertificate, "certificateId" | "certificatePem">;
}
