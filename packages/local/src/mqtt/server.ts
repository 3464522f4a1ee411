import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { type Registrations, readClientCertificate } from "../certificates/client-certificate.js";
import { keepTlsSessions } from "../certificates/tls-sessions.js";
import { type Listening, listen } from "../listening.js";
import type { Log } from "../log.js";
import { describePeer, rememberPeers } from "../peer.js";
import type { Access } from "../policies/access.js";
import type { Wire } from "./connection.js";
import type { ConnectionRegistry } from "./connection-registry.js";

export interface MqttServerOptions {
  connections: ConnectionRegistry;
  host: string;
  port: number;
  /** With it, the server uses TLS and requires a client certificate that `tls.ca` signed, or that is registered. */
  tls?: TlsOptions & Registrations;
  accessOf: AccessOf;
  /** Further connections are closed, and the log says why. `undefined`: no limit. */
  maxConnections?: number | undefined;
  log: Log;
}

/** Returns the access of a client, by its address and, over TLS, its certificate. */
type AccessOf = (peer: { sourceIp: string | undefined; certificateId?: string | undefined }) => Access;

/**
 * Serves MQTT 3.1.1 and 5 on one port. Ignores ALPN, so clients may send `x-amzn-mqtt-ca` or nothing.
 *
 * @throws {FotaError} PORT_IN_USE
 */
export function serveMqtt({
  connections,
  host,
  port,
  tls,
  accessOf,
  maxConnections,
  log,
}: MqttServerOptions): Promise<Listening> {
  function accept(socket: Socket, certificateId?: string): void {
    const access = accessOf({ sourceIp: socket.remoteAddress, certificateId });
    const connection = connections.accept(new SocketWire(socket), access);
    socket.setNoDelay(true);
    socket.on("data", (chunk) => connection.receive(chunk));
    socket.on("error", () => socket.destroy()); // a reset by the peer: `close` follows
    socket.on("close", () => connection.closed());
  }

  let server: Server;
  if (tls === undefined) {
    server = createTcpServer((socket) => accept(socket));
  } else {
    const refuse = (socket: TLSSocket, reason: string) => {
      log(`mqtts: client at ${describePeer(socket)} refused: ${reason}`);
      socket.destroy();
    };
    // Otherwise TLS would refuse registered certificates of other CAs.
    const mutualTls: TlsOptions = { ...tls, requestCert: true, rejectUnauthorized: false };
    const tlsServer = createTlsServer(mutualTls, (socket: TLSSocket) => {
      const found = readClientCertificate(socket, tls) ?? { fault: "it has no certificate" };
      if ("fault" in found) refuse(socket, found.fault);
      else accept(socket, found.certificateId);
    });
    keepTlsSessions(tlsServer);
    server = tlsServer;
    server.on("tlsClientError", (error: Error, socket: TLSSocket) =>
      refuse(socket, describeHandshakeError(error)),
    );
  }
  rememberPeers(server);
  if (maxConnections !== undefined) limitConnections(server, maxConnections, log);
  return listen(server, host, port);
}

/** Refused devices try again every few seconds, so the log gets the reason once in this time. */
const REFUSAL_LOG_MS = 10_000;

function limitConnections(server: Server, maxConnections: number, log: Log): void {
  let loggedMs = Number.NEGATIVE_INFINITY;
  server.maxConnections = maxConnections;
  server.on("drop", () => {
    if (performance.now() - loggedMs < REFUSAL_LOG_MS) return;
    loggedMs = performance.now();
    log(
      `mqtt: refuses more than ${maxConnections} connections, because this process may not open more files: raise \`ulimit -n\` in the shell that starts it`,
    );
  });
}

/** Time that a client has to read the last packets before its socket is destroyed. */
const CLOSING_MS = 1_000;

/**
 * Sends to a TCP or TLS socket. Everything that is sent in one turn of the event loop goes out in one system call, which
 * costs more than all else that the broker does for a message.
 */
class SocketWire implements Wire {
  readonly #socket: Socket;
  #isCorked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get peer(): string {
    return describePeer(this.#socket);
  }

  send(bytes: Buffer): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      process.nextTick(uncork, this);
    }
    socket.write(bytes);
  }

  uncork(): void {
    this.#isCorked = false;
    this.#socket.uncork();
  }

  unreadBytes(): number {
    return this.#socket.writableLength;
  }

  close(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), CLOSING_MS).unref();
  }

  destroy(): void {
    this.uncork(); // what was sent before still goes out
    this.#socket.destroy();
  }
}

function uncork(wire: SocketWire): void {
  wire.uncork();
}

/** Error codes if a client does not trust the server certificate: it sends an alert or closes the connection. */
const DISTRUST_CODES = ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "ECONNRESET"];

/** Returns OpenSSL's reason without file names and numbers, with a hint at the most common cause. */
function describeHandshakeError(error: Error & { code?: string; reason?: string }): string {
  const reason = error.reason ?? error.message;
  if (!DISTRUST_CODES.includes(error.code ?? "")) return reason;
  return `${reason}: check that it trusts this stand-in's CA, which is new at each start without --dir`;
}
