import type { TLSSocket } from "node:tls";
import { certificateIdOf } from "./ca.js";

/** Returns whether a certificate is registered, by its id. */
export type IsRegistered = (certificateId: string) => boolean;

/** What is known of certificates that the stand-in's CA did not sign. */
export interface Registrations {
  isRegistered: IsRegistered;
  /** Returns whether a registered CA that is ACTIVE signed a certificate, given in DER. Only called for the hint. */
  hasRegisteredIssuer: (certificate: Buffer) => boolean;
}

/** Returns the id of the client's certificate, if it sent one that is accepted; else `undefined`. */
export function clientCertificateId(socket: TLSSocket, isRegistered: IsRegistered): string | undefined {
  // Its hint is not used, and HTTPS asks for each request.
  const found = readClientCertificate(socket, { isRegistered, hasRegisteredIssuer: () => false });
  return found !== undefined && "certificateId" in found ? found.certificateId : undefined;
}

/**
 * Returns the certificate that a client sent, or why it is not accepted; `undefined` if it sent none. The handshake has
 * proved that the client has the key. A certificate that the stand-in's CA did not sign is accepted if it is registered
 * (RegisterCertificateWithoutCA) and the present time is within its validity.
 */
export function readClientCertificate(
  socket: TLSSocket,
  { isRegistered, hasRegisteredIssuer }: Registrations,
): { certificateId: string } | { fault: string } | undefined {
  const { raw, valid_from: from, valid_to: to } = socket.getPeerCertificate();
  if (raw === undefined) return undefined;
  const certificateId = certificateIdOf(raw);
  if (socket.authorized) return { certificateId };
  if (!isRegistered(certificateId)) {
    const hint = hasRegisteredIssuer(raw)
      ? "but the CA that signed it is: run `aws iot register-certificate`"
      : "and another CA signed it: run `aws iot register-certificate-without-ca`";
    return { fault: `its certificate ${certificateId} is not registered, ${hint}` };
  }
  const nowMs = Date.now();
  const isValid = Date.parse(from) <= nowMs && nowMs <= Date.parse(to);
  return isValid
    ? { certificateId }
    : { fault: `its certificate ${certificateId} is only valid from ${from} to ${to}` };
}
