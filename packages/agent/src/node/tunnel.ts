import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import type { ProxyUrl } from "@fota/shared";
import type { InterruptSignal } from "../core/ports.js";
import { formatHostAndPort, type HostAndPort, proxyAuthorization } from "./proxy.js";
import { ProxyError } from "./proxy-error.js";
import { proxyRefused, proxyUnreachable } from "./proxy-fault.js";

export interface TunnelOptions {
  /** Roots to trust for a proxy that is reached over TLS. Default: Node's. */
  ca?: (string | Buffer)[] | undefined;
  /** Bytes that are buffered before the socket pauses. Default: Node's. */
  highWaterMark?: number;
}

/** Limits of one step. `interrupt` closes what is open, and the step rejects. */
export interface StepLimits {
  timeoutMs: number;
  interrupt?: InterruptSignal | undefined;
}

/**
 * Connects to `target` directly.
 * @throws the error of node:net, or ETIMEDOUT
 */
export async function openSocket({ host, port }: HostAndPort, limits: StepLimits): Promise<Socket> {
  const socket = connect({ host, port });
  const release = enforce(limits, socket);
  try {
    await once(socket, "connect");
    return socket;
  } finally {
    release();
  }
}

/**
 * Asks `proxy` for a connection to `target` (RFC 9110, 9.3.6: CONNECT).
 * @throws {ProxyError} if the proxy cannot be reached, refuses, or does not answer in time
 */
export async function openTunnel(
  proxy: ProxyUrl,
  target: HostAndPort,
  { ca, highWaterMark }: TunnelOptions,
  limits: StepLimits,
): Promise<Socket> {
  const address = formatHostAndPort(target);
  const request = requestToProxy(proxy, ca, {
    method: "CONNECT",
    path: address,
    headers: { host: address },
    ...(highWaterMark !== undefined && { highWaterMark }),
  });
  const release = enforce(limits, request);
  request.end();
  try {
    const [response, socket, head] = (await once(request, "connect")) as [IncomingMessage, Socket, Buffer];
    ignoreErrors(socket);
    if (response.statusCode !== 200) {
      socket.destroy();
      throw proxyRefused(proxy, response.statusCode ?? 0, target);
    }
    if (head.length > 0) socket.unshift(head);
    return socket;
  } catch (cause) {
    throw cause instanceof ProxyError ? cause : proxyUnreachable(proxy, cause);
  } finally {
    release();
  }
}

/** Starts a request to the proxy itself, with its login. @param ca roots to trust for it; `undefined`: Node's */
export function requestToProxy(
  proxy: ProxyUrl,
  ca: (string | Buffer)[] | undefined,
  options: { method: string; path: string; headers: Record<string, string>; highWaterMark?: number },
): ClientRequest {
  const { secure, host, port } = proxy;
  const headers = { ...options.headers, ...proxyAuthorization(proxy) };
  const all = { ...options, headers, host, port, agent: false };
  if (!secure) return httpRequest(all);
  // Without a name, Node would check the certificate of the proxy against the header `host`, which names the target.
  return httpsRequest({ ...all, servername: isIP(host) === 0 ? host : "", ...(ca && { ca }) });
}

/**
 * Starts TLS with `host` on a connection, and waits for the handshake. Closes the connection if that fails.
 * @throws the error of node:tls, or ETIMEDOUT
 */
export async function startTls(
  socket: Socket,
  host: string,
  options: ConnectionOptions,
  limits: StepLimits,
): Promise<TLSSocket> {
  const secured = tlsConnect({ ...options, socket, host, ...(isIP(host) === 0 && { servername: host }) });
  const release = enforce(limits, secured);
  try {
    await once(secured, "secureConnect");
    return secured;
  } catch (error) {
    secured.destroy();
    socket.destroy();
    throw error;
  } finally {
    release();
  }
}

/** Destroys `open` when the time is up, or on the interrupt, until the returned function is called. */
function enforce({ timeoutMs, interrupt }: StepLimits, open: ClientRequest | Socket): () => void {
  ignoreErrors(open);
  const late = () =>
    open.destroy(Object.assign(new Error(`no byte for ${timeoutMs} ms`), { code: "ETIMEDOUT" }));
  const timer = setTimeout(late, timeoutMs);
  const forget = interrupt?.onInterrupt(() => open.destroy(new Error("interrupted")));
  return () => {
    clearTimeout(timer);
    forget?.();
  };
}

/** An error event without a listener would end the process, also one that comes after the step. */
function ignoreErrors(emitter: ClientRequest | Socket): void {
  emitter.on("error", () => {});
}
