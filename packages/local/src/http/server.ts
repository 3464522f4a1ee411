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
  /** With it, the server uses HTTPS; a client certificate is optional. */
  tls?: TlsOptions;
  handle: RequestListener;
  /** Handles requests with an `Upgrade` header; `handle` does not get them. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Longer than SDKs keep an idle connection, so that the server never closes one while a request is being sent. */
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

/** Splits `GET http://host/path`, the form for proxies; its host replaces the `Host` header (RFC 9112, 3.2.2). */
function splitAbsoluteTarget(request: IncomingMessage): void {
  if (request.url?.startsWith("/")) return;
  const [, host, target] = /^https?:\/\/([^/?#]*)(.*)$/is.exec(request.url ?? "") ?? [];
  if (host === undefined || target === undefined) return;
  request.headers.host = host;
  request.url = target.startsWith("/") ? target : `/${target}`;
}
