import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import { type Listening, listen } from "../listening.js";
import { rememberPeers } from "../peer.js";

export interface HttpServerOptions {
  host: string;
  port: number;
  /** With it the server speaks HTTPS; a client may show a certificate and need not. */
  tls?: TlsOptions;
  handle: RequestListener;
  /** Takes requests with an `Upgrade` header; they do not come to `handle`. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Longer than an SDK keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;

/** @throws {FotaError} PORT_IN_USE */
export function serveHttp({ host, port, tls, handle, upgrade }: HttpServerOptions): Promise<Listening> {
  // An upload of 5 GiB over a slow link takes longer than any limit on a whole request.
  const limits = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 };
  const server =
    tls === undefined
      ? createHttpServer(limits)
      : createHttpsServer({ ...limits, ...tls, requestCert: true, rejectUnauthorized: false });
  rememberPeers(server);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    splitAbsoluteTarget(request);
    handle(request, response);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    splitAbsoluteTarget(request);
    upgrade(request, socket, head);
  });
  return listen(server, host, port);
}

/** `GET http://host/path`, as clients of a proxy write it: the host counts in place of the `Host` header (RFC 9112, 3.2.2). */
function splitAbsoluteTarget(request: IncomingMessage): void {
  const [, host, target] = /^https?:\/\/([^/?#]*)(.*)$/is.exec(request.url ?? "") ?? [];
  if (host === undefined || target === undefined) return;
  request.headers.host = host;
  request.url = target.startsWith("/") ? target : `/${target}`;
}
