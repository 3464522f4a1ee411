import { messageOf } from "@fota/shared";
import { errnoOf } from "../boot/storage-error.js";
import { ProxyError } from "./proxy-error.js";

/** Why a connection failed, and what to do about it. */
export interface NetworkFault {
  text: string;
  hint: string | undefined;
}

const FAULTS: readonly (readonly [codes: RegExp, text: string, hint: string])[] = [
  [/^ECONNREFUSED$/, "connection refused", "check host and port, and that the server is running"],
  [
    /^(ENOTFOUND|EAI_\w+)$/,
    "the host name cannot be resolved",
    "check the spelling of the host name, and the DNS of this machine",
  ],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/, "there is no route to it", "check the network of this machine"],
  [/^ETIMEDOUT$/, "no answer in time", "check that a firewall lets the port through"],
  [
    /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    "its certificate is not valid now",
    "check the clock of this machine, then the certificate of the server",
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    "its certificate is for another host",
    "use the host name in the server's certificate",
  ],
  [
    /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_)/,
    "its certificate is not from a trusted CA",
    "set `ca` to the CA of the server",
  ],
  [
    /^ERR_SSL_\w*ALERT/,
    "it refused the TLS handshake",
    "check that the server knows the device certificate's CA, and that the certificate is active",
  ],
  [
    /^(ERR_OSSL_|ERR_SSL_|EPROTO$)/,
    "the TLS handshake failed",
    "check that the port speaks TLS, and that certificate and key belong together",
  ],
  [
    /^(ECONNRESET|EPIPE)$/,
    "the connection was cut",
    "try again; if that fails, check that the port speaks this protocol",
  ],
  [/^HPE_/, "it does not speak HTTP", "check host and port"],
];

/** Describes a network error by its code. An error without a known code keeps its own message. */
export function describeNetworkError(error: unknown): NetworkFault {
  if (error instanceof ProxyError) return { text: error.message, hint: error.hint };
  const first = error instanceof AggregateError ? error.errors[0] : error; // one error for each address tried
  const code = errnoOf(first);
  const fault = code === undefined ? undefined : FAULTS.find(([codes]) => codes.test(code));
  if (fault === undefined) return { text: messageOf(first), hint: undefined };
  return { text: `${fault[1]} (${code})`, hint: fault[2] };
}
