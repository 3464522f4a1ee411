import { constants } from "node:crypto";
import type { TlsOptions } from "node:tls";
import type { CertificateAuthority } from "./ca.js";

/**
 * Returns options for TLS 1.2 and 1.3, with a new server certificate for localhost and `names`. The server sends it
 * whatever server name the client requests, also without one.
 *
 * It issues no tickets, as AWS IoT (Developer Guide, "Transport security"). For each of the two tickets that TLS 1.3 sends,
 * OpenSSL 3.0 would decode the client's certificate again.
 */
export function tlsOptions(authority: CertificateAuthority, names: readonly string[]): TlsOptions {
  const { certificatePem, privateKeyPem } = authority.issueServerCertificate(names);
  return {
    key: privateKeyPem,
    cert: certificatePem,
    ca: authority.caPem,
    minVersion: "TLSv1.2",
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
