import type { TLSSocket } from "node:tls";
import { certificateIdOf } from "./ca.js";

/** Returns whether a certificate is registered, by its id. */
export type IsRegistered = (certificateId: string) => boolean;

/** Returns the id of the client's certificate, if it sent one that is accepted; else `undefined`. */
export function clientCertificateId(socket: TLSSocket, isRegistered: IsRegistered): string | undefined {
  const found = readClientCertificate(socket, isRegistered);
  return found !== undefined && "certificateId" in found ? found.certificateId : undefined;
}

/**
 * Returns the certificate that a client sent, or why it is not accepted; `undefined` if it sent none. The handshake has
 * proved that the client has the key. A certificate that the stand-in's CA did not sign is accepted if it is registered
 * (RegisterCertificateWithoutCA) and the present time is within its validity.
 */
export function readClientCertificate(
  socket: TLSSocket,
  isRegistered: IsRegistered,
): { certificateId: string } | { fault: string } | undefined {
  const { raw, valid_from: from, valid_to: to } = socket.getPeerCertificate();
  if (raw === undefined) return undefined;
  const certificateId = certificateIdOf(raw);
  if (socket.authorized) return { certificateId };
  if (!isRegistered(certificateId)) {
    return {
      fault: `its certificate ${certificateId} is not registered, and another CA signed it: run \`aws iot register-certificate-without-ca\``,
    };
  }
  const nowMs = Date.now();
  const isValid = Date.parse(from) <= nowMs && nowMs <= Date.parse(to);
  return isValid
    ? { certificateId }
    : { fault: `its certificate ${certificateId} is only valid from ${from} to ${to}` };
}
