import type { SigningRequest } from "./signing-request.js";

/** A device certificate and its key pair, as CreateKeysAndCertificate hands them out: all three in PEM. */
export interface IssuedCertificate {
  /** SHA-256 of the certificate's DER form, lower-case hex: the id AWS gives it. */
  certificateId: string;
  certificatePem: string;
  publicKeyPem: string;
  privateKeyPem: string;
}

/** Whoever signs device certificates: the stand-in's own CA. Keeps no record of what it issued. */
export interface CertificateIssuer {
  issueCertificate(): Promise<IssuedCertificate>;
  /** For a key pair that the device has made itself. */
  issueFor(request: SigningRequest): Pick<IssuedCertificate, "certificateId" | "certificatePem">;
}
