import type { ProxyUrl } from "@fota/shared";
import { describeNetworkError } from "./network-error.js";
import { formatHostAndPort, type HostAndPort } from "./proxy.js";
import { ProxyError } from "./proxy-error.js";

// These texts get into logs and into the cloud: they have neither the login nor any text from the proxy.

/** Returns the error for a proxy that gave no answer. */
export function proxyUnreachable(proxy: ProxyUrl, cause: unknown): ProxyError {
  const { text, hint } = describeNetworkError(cause);
  return new ProxyError(
    `the proxy ${formatHostAndPort(proxy)} cannot be reached: ${text}`,
    `check the URL of the proxy (proxy, or HTTPS_PROXY)${hint === undefined ? "" : `; ${hint}`}`,
    cause,
  );
}

/** Returns the error for a proxy that answered with `status` instead of a connection to `target`. */
export function proxyRefused(proxy: ProxyUrl, status: number, target: HostAndPort): ProxyError {
  const name = `the proxy ${formatHostAndPort(proxy)}`;
  if (status === 407) {
    return new ProxyError(
      `${name} refuses without valid credentials (HTTP 407)`,
      "set the proxy to http://user:password@host:port, with special characters percent-encoded",
    );
  }
  const goal = formatHostAndPort(target);
  if (status >= 500) {
    return new ProxyError(
      `${name} cannot connect to ${goal} (HTTP ${status})`,
      "check the host and port, and that the proxy can resolve and reach them",
    );
  }
  return new ProxyError(
    `${name} refuses a connection to ${goal} (HTTP ${status})`,
    "ask the administrator of the proxy to allow this host and port, or add the host to NO_PROXY",
  );
}
