import { assumeHttp, FotaError, hideLogin, isLoopbackHost, type ProxyUrl, parseProxyUrl } from "@fota/shared";
import { getProxyForUrl } from "proxy-from-env";

/**
 * URL of an HTTP proxy: `http://` or `https://`, with `user:password@` if it demands a login; special characters of both
 * are percent-encoded. `false`: no proxy, whatever the environment says.
 */
export type ProxyOption = string | false;

/** The end of a connection. An IPv6 host has no brackets. */
export interface HostAndPort {
  host: string;
  port: number;
}

/**
 * Returns the proxy for a connection, or `undefined` for a direct one. Without `option`, the environment decides, read
 * at each call: HTTPS_PROXY, or HTTP_PROXY for an http URL, else ALL_PROXY, unless NO_PROXY names the host. Never uses a
 * proxy for this machine itself.
 * @throws {FotaError} CONFIG_INVALID if the text is not the URL of an HTTP proxy
 */
export function chooseProxy(
  option: ProxyOption | undefined,
  scheme: "http" | "https",
  target: HostAndPort,
): ProxyUrl | undefined {
  if (option === false || isLoopbackHost(target.host)) return undefined;
  if (option !== undefined) return parseProxyOption(option);
  const text = assumeHttp(getProxyForUrl(`${scheme}://${formatHostAndPort(target)}`), process.env);
  if (text === "") return undefined;
  return parse(text, "set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY");
}

/** @throws {FotaError} CONFIG_INVALID */
export function parseProxyOption(option: string): ProxyUrl {
  return parse(option, "set proxy");
}

function parse(text: string, set: string): ProxyUrl {
  const proxy = parseProxyUrl(text);
  if (proxy !== undefined) return proxy;
  throw new FotaError("CONFIG_INVALID", `${hideLogin(text)} is not the URL of an HTTP proxy`, {
    hint: `${set} to http://user:password@host:port, with special characters of user and password percent-encoded`,
  });
}

/** Returns `host:port`, with an IPv6 address in brackets. */
export function formatHostAndPort({ host, port }: HostAndPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Returns the header with the login of a proxy, if it has one (RFC 7617: UTF-8 in base64). */
export function proxyAuthorization({ login }: ProxyUrl): { "proxy-authorization"?: string } {
  if (login === undefined) return {};
  return { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` };
}
