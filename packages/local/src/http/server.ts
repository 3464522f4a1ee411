import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from "node:http";
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
      ? createHttpServer(limits, handle)
      : createHttpsServer({ ...limits, ...tls, requestCert: true, rejectUnauthorized: false }, handle);
  rememberPeers(server);
  server.on("upgrade", upgrade);
  return listen(server, host, port);
}
