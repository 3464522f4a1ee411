import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { clientCertificateId } from "../certificates/client-certificate.js";
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
  /** With it, the server uses TLS and requires a client certificate that `tls.ca` signed. */
  tls?: TlsOptions;
  accessOf: AccessOf;
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
  log,
}: MqttServerOptions): Promise<Listening> {
  function accept(socket: Socket, certificateId?: string): void {
    const access = accessOf({ sourceIp: socket.remoteAddress, certificateId });
    const connection = connections.accept(createWire(socket), access);
    socket.setNoDelay(true);
    socket.on("data", (chunk) => connection.receive(chunk));
    socket.on("error", () => socket.destroy()); // a reset by the peer: `close` follows
    socket.on("close", () => connection.closed());
  }

  let server: Server;
  if (tls === undefined) {
    server = createTcpServer((socket) => accept(socket));
  } else {
    const mutualTls: TlsOptions = { ...tls, requestCert: true, rejectUnauthorized: true };
    // Without a certificate the handshake fails before; an empty id is never registered.
    server = createTlsServer(mutualTls, (socket: TLSSocket) =>
      accept(socket, clientCertificateId(socket) ?? ""),
    );
    server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      log(`mqtts: client at ${describePeer(socket)} refused: ${describeHandshakeError(error)}`);
      socket.destroy();
    });
  }
  rememberPeers(server);
  return listen(server, host, port);
}

/** Time that a client has to read the last packets before its socket is destroyed. */
const CLOSING_MS = 1_000;

function createWire(socket: Socket): Wire {
  return {
    peer: describePeer(socket),
    send: (bytes) => {
      if (!socket.destroyed) socket.write(bytes);
    },
    unreadBytes: () => socket.writableLength,
    close: () => {
      socket.end();
      setTimeout(() => socket.destroy(), CLOSING_MS).unref();
    },
    destroy: () => {
      socket.destroy();
    },
  };
}

/** Error codes if a client does not trust the server certificate: it sends an alert or closes the connection. */
const DISTRUST_CODES = ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "ECONNRESET"];

/** Returns OpenSSL's reason without file names and numbers, with a hint at the most common cause. */
function describeHandshakeError(error: Error & { code?: string; reason?: string }): string {
  const reason = error.reason ?? error.message;
  if (!DISTRUST_CODES.includes(error.code ?? "")) return reason;
  return `${reason}: check that it trusts this stand-in's CA, which is new at each start without --dir`;
}
