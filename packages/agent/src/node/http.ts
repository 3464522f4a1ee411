import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { FotaError, type ImageUrl, type ProxyUrl, parseImageUrl } from "@fota/shared";
import type { Buffers, Http, HttpResponse } from "../core/ports.js";
import { DirectBody } from "./direct-body.js";
import { describeNetworkError } from "./network-error.js";
import type { Given, Pem } from "./pem.js";
import { chooseProxy, formatHostAndPort, type ProxyOption, parseProxyOption } from "./proxy.js";
import { proxyRefused, proxyUnreachable } from "./proxy-fault.js";
import { checkRateLimit, RateLimit } from "./rate-limit.js";
import { type BodyLimits, stallError, streamBody } from "./response-body.js";
import { trustedRoots } from "./trusted-roots.js";
import { openTunnel, requestToProxy, startTls } from "./tunnel.js";

export interface NodeHttpOptions {
  /** Roots to trust in addition to Node's. Files are read and functions are called for each request. */
  ca?: Given<Pem | readonly Pem[]>;
  /**
   * Proxy for every host but this machine. `false`: none.
   * @default HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment, read for each request
   */
  proxy?: ProxyOption;
  /**
   * Highest rate of all downloads together, in bytes per second: at least 1024.
   * @default no limit
   */
  maxBytesPerSecond?: number;
  /** Lends the buffers of a download. Default: each download allocates its own. */
  buffers?: Buffers;
}

/**
 * Bytes that are buffered before the socket pauses (an option of net.Socket, which http.request passes on). With Node's
 * default of 16 KiB, the socket pauses and resumes for each read while the slot is written. Through a proxy only.
 */
const READ_AHEAD_BYTES = 512 * 1024;

/** Most bytes of one read of the socket without a proxy. Measured: larger reads take no less processor time. */
const DIRECT_READ_BYTES = 128 * 1024;

/**
 * Reads of the socket that are buffered at most. Measured: with 8 instead of 4, an update of 256 MiB takes 3 % less
 * processor time, as the image comes in fewer pieces. With a limit of the rate, the rest stays with the server.
 */
const DIRECT_READS = 8;
const LIMITED_READS = 4;

/**
 * Returns an `Http` over node:http and node:https. Sends the URL byte for byte, as a presigned URL requires, and keeps
 * no connection open. `get` rejects with ENDPOINT_UNREACHABLE, or with CONFIG_INVALID for a proxy in the environment or
 * a certificate that is not valid. Its message names the host but neither the URL, because anyone who reads a presigned
 * URL in a log can use it, nor the login of a proxy, nor any text from the server.
 * @throws {FotaError} CONFIG_INVALID if `proxy` is not the URL of an HTTP proxy, or `maxBytesPerSecond` is too low
 */
export function nodeHttp(options: NodeHttpOptions = {}): Http {
  if (typeof options.proxy === "string") parseProxyOption(options.proxy);
  const { maxBytesPerSecond, buffers } = options;
  if (maxBytesPerSecond !== undefined) checkRateLimit(maxBytesPerSecond);
  const rate = maxBytesPerSecond === undefined ? undefined : new RateLimit(maxBytesPerSecond);
  return {
    async get(url, headers, timeoutMs, interrupt) {
      const target = parseUrl(url);
      const { secure, host, port } = target;
      const proxy = chooseProxy(options.proxy, secure ? "https" : "http", target);
      const ca = options.ca && (secure || proxy?.secure) ? await trustedRoots(options.ca) : undefined;
      const limits = { timeoutMs, interrupt, rate };
      const get = { target, headers: { "accept-encoding": "identity", ...headers }, ca, limits, buffers };
      try {
        if (proxy === undefined) return await getDirectly(get);
        return await (secure ? getThrough(proxy, get) : getForwarded(proxy, get));
      } catch (cause) {
        const { text, hint } = describeNetworkError(cause);
        throw new FotaError("ENDPOINT_UNREACHABLE", `no answer from ${host}:${port}: ${text}`, {
          cause,
          ...(hint !== undefined && { hint }),
        });
      }
    },
  };
}

/** One GET. */
interface Get {
  target: ImageUrl;
  headers: Readonly<Record<string, string>>;
  /** Roots to trust; `undefined`: Node's. */
  ca: (string | Buffer)[] | undefined;
  limits: BodyLimits;
  buffers: Buffers | undefined;
}

async function getDirectly({ target, headers, ca, limits, buffers }: Get): Promise<HttpResponse> {
  const { secure, host, port, path } = target;
  const readBytes = Math.max(4096, atMostAPiece(DIRECT_READ_BYTES, limits)); // the head needs room, too
  const blockBytes = readBytes * (limits.rate ? LIMITED_READS : DIRECT_READS);
  const direct = new DirectBody(readBytes, blockBytes, buffers);
  const common = { host, port, path, headers, agent: false, onread: direct.onread };
  try {
    const request = secure ? httpsRequest({ ...common, ...(ca && { ca }) }) : httpRequest(common);
    direct.attach(request);
    return await sendRequest(request, limits, direct);
  } catch (cause) {
    direct.endReading();
    throw cause;
  }
}

/** Sends an https GET through a tunnel: the proxy sees the host, not the request. */
async function getThrough(proxy: ProxyUrl, { target, headers, ca, limits }: Get): Promise<HttpResponse> {
  const highWaterMark = atMostAPiece(READ_AHEAD_BYTES, limits);
  const tunnel = await openTunnel(proxy, target, { ca, highWaterMark }, limits);
  const tls = { highWaterMark, ...(ca && { ca }) };
  const socket = await startTls(tunnel, target.host, tls, limits);
  const request = httpsRequest({
    path: target.path,
    headers: { host: hostHeader(target), ...headers },
    createConnection: () => socket,
  });
  return await sendRequest(request, limits);
}

/** Sends an http GET to the proxy, which forwards it (RFC 9112, 3.2.2: the target is the whole URL). */
async function getForwarded(proxy: ProxyUrl, { target, headers, ca, limits }: Get): Promise<HttpResponse> {
  const request = requestToProxy(proxy, ca, {
    method: "GET",
    path: `http://${hostHeader(target)}${target.path}`,
    headers: { host: hostHeader(target), ...headers },
    highWaterMark: atMostAPiece(READ_AHEAD_BYTES, limits),
  });
  const response = await sendRequest(request, limits).catch((cause: unknown) => {
    throw proxyUnreachable(proxy, cause);
  });
  if (response.status !== 407) return response;
  request.destroy();
  throw proxyRefused(proxy, 407, target);
}

/** Returns how many bytes to buffer. With a limit of the rate, no more than one piece: the rest stays with the server. */
function atMostAPiece(bytes: number, { rate }: BodyLimits): number {
  return Math.min(bytes, rate?.pieceBytes ?? bytes);
}

/** Without the default port: a presigned URL signs it that way. */
function hostHeader({ secure, host, port }: ImageUrl): string {
  const text = formatHostAndPort({ host, port });
  return port === (secure ? 443 : 80) ? text.slice(0, text.lastIndexOf(":")) : text;
}

/**
 * Parses an image URL without changing its path, which `new URL` would encode again.
 * @throws {FotaError} ENDPOINT_UNREACHABLE if it is not an image URL
 */
function parseUrl(url: string): ImageUrl {
  const parsed = parseImageUrl(url);
  if (parsed !== undefined) return parsed;
  throw new FotaError("ENDPOINT_UNREACHABLE", "the image URL is not an http or https URL");
}

function sendRequest(request: ClientRequest, limits: BodyLimits, direct?: DirectBody): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { timeoutMs, interrupt } = limits;
    let open: ClientRequest | IncomingMessage = request;
    const stalled = setTimeout(() => request.destroy(stallError(timeoutMs)), timeoutMs);
    request.once("response", (response) => {
      open = response;
      clearTimeout(stalled);
      resolve({
        status: response.statusCode ?? 0,
        headers: flatten(response.headers),
        body: streamBody(response, direct?.takeOver(response) ? direct : undefined, limits),
      });
    });
    // Without this listener, node:http closes the connection, and neither "error" nor "response" follows.
    request.once("upgrade", (_response, socket) => {
      clearTimeout(stalled);
      socket.destroy();
      reject(new Error("it switches to another protocol (101)"));
    });
    request.on("error", (error) => {
      clearTimeout(stalled);
      reject(error);
    });
    const cancel = interrupt?.onInterrupt(() => open.destroy(new Error("interrupted")));
    request.once("close", () => cancel?.());
    request.end();
  });
}

function flatten(headers: IncomingMessage["headers"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}
