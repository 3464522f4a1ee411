import { once } from "node:events";
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { assumeHttp, FotaError, hideLogin, isLoopbackHost, messageOf, parseProxyUrl } from "@fota/shared";
import { Agent, type AgentConnectOpts } from "agent-base";
import { HttpProxyAgent } from "http-proxy-agent";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";
import { given } from "../given.js";
import type { Proxies } from "./proxy.js";
import { ProxyError } from "./proxy-error.js";

const CONNECT_TIMEOUT_MS = 5_000;

export function createProxies(ca: string[] | undefined): Proxies {
  for (const scheme of ["https", "http"]) proxyFor(`${scheme}://aws.invalid`); // reports a wrong one at once
  return {
    openAgents() {
      const agent = new ChoosingAgent(ca);
      return { httpAgent: agent as HttpAgent, httpsAgent: agent as unknown as HttpsAgent };
    },
    async reach(host, port, signal) {
      const proxy = proxyFor(`https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
      if (proxy === undefined) return "direct";
      await openTunnel(proxy, `${host}:${port}`, ca, signal);
      return "reached";
    },
  };
}

/**
 * Returns the proxy for a URL, by the variables of this process; `undefined` for a direct connection. This machine is
 * never behind a proxy. @throws {FotaError} CONFIG_INVALID
 */
function proxyFor(url: string): URL | undefined {
  const { hostname } = new URL(url);
  if (isLoopbackHost(hostname.replace(/^\[|\]$/g, ""))) return undefined;
  const text = assumeHttp(getProxyForUrl(url), process.env);
  if (text === "") return undefined;
  if (parseProxyUrl(text) !== undefined && URL.canParse(text)) return new URL(text);
  throw new FotaError("CONFIG_INVALID", `${hideLogin(text)} is not the URL of an HTTP proxy`, {
    hint: "set HTTPS_PROXY to http://host:port or https://host:port, with special characters of user and password percent-encoded; for no proxy, unset it or set NO_PROXY",
  });
}

/** Sends each request directly or through the proxy for its host, and keeps connections of both kinds. */
class ChoosingAgent extends Agent {
  readonly #ways = new Map<string, HttpAgent>();
  readonly #options: { keepAlive: true; ca?: string[] };

  constructor(ca: string[] | undefined) {
    const options = { keepAlive: true as const, ...given({ ca }) };
    super(options);
    this.#options = options;
  }

  override connect(
    _request: ClientRequest,
    { host = "", port, secureEndpoint }: AgentConnectOpts,
  ): HttpAgent {
    const scheme = secureEndpoint ? "https" : "http";
    const proxy = proxyFor(`${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
    const key = `${scheme} ${proxy?.href}`;
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    const way = this.#open(scheme, proxy);
    this.#ways.set(key, way);
    return way;
  }

  #open(scheme: "http" | "https", proxy: URL | undefined): HttpAgent {
    if (proxy === undefined) {
      return scheme === "https" ? new HttpsAgent(this.#options) : new HttpAgent(this.#options);
    }
    return scheme === "https" ? new Tunnel(proxy, this.#options) : new Forward(proxy, this.#options);
  }

  override destroy(): void {
    for (const way of this.#ways.values()) way.destroy();
    super.destroy();
  }
}

/** Through CONNECT. */
class Tunnel extends HttpsProxyAgent<string> {
  override async connect(request: ClientRequest, options: AgentConnectOpts) {
    let answer: { statusCode: number; statusText: string } | undefined;
    request.once("proxyConnect", (connect) => {
      answer = connect;
    });
    const socket = await super.connect(request, withIdentity(options)).catch((cause: unknown) => {
      throw answer?.statusCode === 200 ? cause : unreachable(this.proxy, cause);
    });
    if (answer === undefined || answer.statusCode === 200) return socket;
    // The library would pass the proxy's refusal off as the service's.
    socket.destroy();
    throw refused(this.proxy, answer.statusCode, `${options.host}:${options.port}`);
  }
}

/** The library leaves the host out, and Node would compare the certificate of an IP address with "localhost". */
function withIdentity(options: AgentConnectOpts): AgentConnectOpts {
  const { host = "" } = options;
  if (isIP(host) === 0) return options;
  const checkIdentity: typeof checkServerIdentity = (_name, certificate) =>
    checkServerIdentity(host, certificate);
  return { ...options, checkServerIdentity: checkIdentity } as AgentConnectOpts;
}

/** For `http` URLs, which proxies forward. */
class Forward extends HttpProxyAgent<string> {
  override async connect(
    request: Parameters<HttpProxyAgent<string>["connect"]>[0],
    options: AgentConnectOpts,
  ) {
    return await super.connect(request, options).catch((cause: unknown) => {
      throw unreachable(this.proxy, cause);
    });
  }
}

/** Asks a proxy for a connection, and closes it. @throws {ProxyError} */
async function openTunnel(
  proxy: URL,
  target: string,
  ca: string[] | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { protocol, hostname, port, username, password } = proxy;
  const host = hostname.replace(/^\[|\]$/g, "");
  const send = protocol === "https:" ? httpsRequest : httpRequest;
  const login = [username, password].map(decodeURIComponent).join(":");
  const request = send({
    host,
    // Without a name, Node would check the proxy's certificate against the header `host`, which names the target.
    ...(protocol === "https:" && { servername: isIP(host) === 0 ? host : "" }),
    ...(port !== "" && { port }),
    method: "CONNECT",
    path: target,
    headers: {
      host: target,
      ...(login !== ":" && { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` }),
    },
    agent: false,
    timeout: CONNECT_TIMEOUT_MS,
    signal,
    ...given({ ca }),
  });
  request.on("timeout", () => request.destroy(new Error("no answer in time")));
  request.end();
  try {
    const [{ statusCode = 0 }] = (await Promise.race([
      once(request, "connect"),
      once(request, "response"),
    ])) as [IncomingMessage];
    if (statusCode !== 200) throw refused(proxy, statusCode, target);
  } catch (cause) {
    throw cause instanceof ProxyError ? cause : unreachable(proxy, cause);
  } finally {
    request.destroy();
  }
}

function unreachable({ host }: URL, cause: unknown): ProxyError {
  return new ProxyError(
    `the proxy ${host} cannot be reached: ${messageOf(cause)}`,
    "check HTTPS_PROXY, or add the host to NO_PROXY",
    cause,
  );
}

function refused({ host }: URL, status: number, target: string): ProxyError {
  if (status === 407) {
    return new ProxyError(
      `the proxy ${host} refuses without valid credentials (HTTP 407)`,
      "set HTTPS_PROXY to http://user:password@host:port, with special characters percent-encoded",
    );
  }
  if (status >= 500) {
    return new ProxyError(
      `the proxy ${host} cannot connect to ${target} (HTTP ${status})`,
      "check the host and port, and that the proxy can resolve and reach them, or add the host to NO_PROXY",
    );
  }
  return new ProxyError(
    `the proxy ${host} refuses a connection to ${target} (HTTP ${status})`,
    "ask the administrator of the proxy to allow this host, or add it to NO_PROXY",
  );
}
