import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { FotaError } from "@fota/shared";
import { refusalOf } from "./check-request.js";
import { securityHeaders } from "./headers.js";
import type { DashboardKeys } from "./keys.js";

/** A request that passed all checks. */
export interface Visit {
  /** Path and query as the browser sent them, without a key. */
  path: string;
  query: URLSearchParams;
  request: IncomingMessage;
  response: ServerResponse;
}

export interface ServerOptions {
  /** A loopback address. */
  host: string;
  /** 0 takes a free one. */
  port: number;
  keys: DashboardKeys;
  /** Answers a request with a valid key. A rejection is a bug: it is reported to `onBug` and answered with 500. */
  answer(visit: Visit): Promise<void>;
  onBug(error: unknown): void;
}

export interface DashboardServer {
  /** `http://127.0.0.1:8321` */
  origin: string;
  /** Stops listening and closes all connections. */
  close(): Promise<void>;
}

/** Several tabs of several viewers; each tab has one stream. */
const CONNECTIONS_MAX = 200;
const HEADERS_MAX_BYTES = 16_384;
const HEADERS_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 5_000;

/** @throws {FotaError} PORT_IN_USE */
export async function startServer({
  host,
  port,
  keys,
  answer,
  onBug,
}: ServerOptions): Promise<DashboardServer> {
  const server = createServer({
    maxHeaderSize: HEADERS_MAX_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
  });
  server.maxConnections = CONNECTIONS_MAX;
  const hosts = new Set<string>();
  let cookieName = "";
  server.on("request", (request, response) => {
    handle(request, response).catch((error: unknown) => {
      onBug(error);
      refuse(request, response, 500, "a bug in fota: the terminal of the dashboard shows it");
    });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable) return void socket.destroy();
    const status =
      error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request, hosts);
    if (refusal !== undefined) return refuse(request, response, refusal.status, refusal.message);
    const { pathname, query } = splitTarget(request.url ?? "/");
    const key = query.get("token");
    query.delete("token");
    const path = query.size === 0 ? pathname : `${pathname}?${query}`;
    if (key !== null) {
      if (pathname === "/metrics" && keys.isToken(key))
        return await answer({ path: pathname, query, request, response });
      if (keys.isToken(key) || keys.useTicket(key)) return openSession(request, response, path);
      return refuseKey(request, response, "the token in the URL is not of this run of the dashboard");
    }
    if (!isAuthorized(request))
      return refuseKey(request, response, "the dashboard needs the URL with its token");
    await answer({ path: pathname, query, request, response });
  }

  function isAuthorized({ headers }: IncomingMessage): boolean {
    const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (bearer !== undefined) return keys.isToken(bearer);
    return cookiesNamed(cookieName, headers.cookie ?? "").some((value) => keys.isSession(value));
  }

  /** Moves the key from the URL into a cookie, so that it leaves the address bar and the history. */
  function openSession({ headers }: IncomingMessage, response: ServerResponse, path: string): void {
    const cookie = `${cookieName}=${keys.session}; Path=/; HttpOnly; SameSite=Strict`;
    const common = { ...securityHeaders(), "set-cookie": cookie };
    // A browser that followed a link from another site leaves the cookie out when it follows a redirect of that request.
    // A page that loads the next one starts a request of its own.
    if (headers["sec-fetch-site"] === "cross-site") {
      response
        .writeHead(200, { ...common, "content-type": "text/plain", refresh: `0; url=${path}` })
        .end("opening\n");
    } else {
      response.writeHead(303, { ...common, location: path, "content-length": 0 }).end();
    }
  }

  await listen();
  const { address, family, port: listening } = server.address() as AddressInfo;
  const name = family === "IPv6" ? `[${address}]` : address;
  for (const own of [name, "localhost"]) {
    hosts.add(`${own}:${listening}`);
    if (listening === 80) hosts.add(own);
  }
  cookieName = `fota-dashboard-${listening}`;

  async function listen(): Promise<void> {
    server.listen(port, host);
    try {
      await once(server, "listening");
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const why =
        code === "EADDRINUSE"
          ? "another program uses it"
          : code === "EACCES"
            ? "it needs root"
            : String(code);
      throw new FotaError("PORT_IN_USE", `cannot listen on port ${port} of ${host}: ${why}`, {
        hint: "use --port 0 for a free port",
        cause,
      });
    }
  }

  return {
    origin: `http://${name}:${listening}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Answers a request with a short text. */
export function refuse(
  { method }: Pick<IncomingMessage, "method">,
  response: ServerResponse,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) return void response.destroy();
  const body = `${message}\n`;
  response.writeHead(status, {
    ...securityHeaders(),
    ...(status === 405 && { allow: "GET, HEAD" }),
    ...headers,
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    connection: "close", // a body that the request announced is never read
  });
  response.end(method === "HEAD" ? undefined : body);
}

function refuseKey(request: IncomingMessage, response: ServerResponse, message: string): void {
  refuse(request, response, 401, `${message}; \`fota dashboard\` prints that URL when it starts`, {
    "www-authenticate": 'Bearer realm="fota dashboard"',
  });
}

/** Splits a request target without resolving `..`, so that a path means what it says. */
function splitTarget(target: string): { pathname: string; query: URLSearchParams } {
  const at = target.indexOf("?");
  return at === -1
    ? { pathname: target, query: new URLSearchParams() }
    : { pathname: target.slice(0, at), query: new URLSearchParams(target.slice(at + 1)) };
}

function cookiesNamed(name: string, header: string): string[] {
  return header.split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at !== -1 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : [];
  });
}
