import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Host } from "../host.js";

/** The proxies that the environment names, for requests that leave this machine. */
export interface Proxies {
  /** Returns agents for one client, which choose a direct connection or a proxy for each host. */
  openAgents(): { httpAgent: HttpAgent; httpsAgent: HttpsAgent };
  /** Connects to a host and port the way that a request to `https://host:port` goes, and closes. @throws {ProxyError} */
  reach(host: string, port: number, signal: AbortSignal): Promise<"direct" | "reached">;
}

const VARIABLES = ["https_proxy", "http_proxy", "all_proxy"];

/**
 * Returns the proxies of HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in capitals or not; `undefined` where none of
 * them is set. Their code is loaded only then.
 * @param ca certificates to trust in place of Node's own roots, PEM: of the target, and of a proxy that speaks TLS
 * @throws {FotaError} CONFIG_INVALID when one is not the URL of a proxy
 */
export async function openProxies(
  { env }: Pick<Host, "env">,
  ca: string[] | undefined,
): Promise<Proxies | undefined> {
  if (!VARIABLES.some((name) => env[name] || env[name.toUpperCase()])) return undefined;
  const { createProxies } = await import("./proxy-agents.js");
  return createProxies(ca);
}
