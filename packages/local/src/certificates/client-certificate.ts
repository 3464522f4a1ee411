import type { TLSSocket } from "node:tls";
import { certificateIdOf } from "./ca.js";

/** Returns the id of the client's certificate, if it proved one that the stand-in's CA signed; else `undefined`. */
export function clientCertificateId(socket: TLSSocket): string | undefined {
  const raw = socket.authorized ? socket.getPeerCertificate().raw : undefined;
  return raw === undefined ? undefined : certificateIdOf(raw);
}
