import type { TlsOptions } from "node:tls";
import type { CertificateAuthority } from "./ca.js";

/**
 * Returns options for TLS 1.2 and 1.3, with a new server certificate for localhost and `names`. The server sends it
 * whatever server name the client requests, also without one.
 *
 * Clients may resume a session by a ticket, and then prove no certificate again: the ticket has the one of the first
 * handshake, whose status and policies are checked for each connection. AWS IoT issues no tickets (Developer Guide,
 * "Transport security").
 */
export function tlsOptions(authority: CertificateAuthority, names: readonly string[]): TlsOptions {
  const { certificatePem, privateKeyPem } = authority.issueServerCertificate(names);
  return {
    key: privateKeyPem,
    cert: certificatePem,
    ca: authority.caPem,
    minVersion: "TLSv1.2",
  };
}
