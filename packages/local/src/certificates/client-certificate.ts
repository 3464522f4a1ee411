import type { TLSSocket } from "node:tls";
import { certificateIdOf } from "./ca.js";

/** Id of the certificate that the client proved to have and that our CA signed; `undefined` when there is none. */
export function clientCertificateId(socket: TLSSocket): string | undefined {
  const raw = socket.authorized ? socket.getPeerCertificate().raw : undefined;
  return raw === undefined ? undefined : certificateIdOf(raw);
}
