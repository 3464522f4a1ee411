import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { clientCertificateId } from "../certificates/client-certificate.js";
import { type Listening, listen } from "../listening.js";
import type { Log } from "../log.js";
import { peerOf, rememberPeers } from "../peer.js";
import type { Access } from "../policies/access.js";
import type { Wire } from "./connection.js";
import type { ConnectionRegistry } from "./connection-registry.js";

export interface MqttServerOptions {
  acceptor: ConnectionRegistry;
  host: string;
  port: number;
  /** With it the server speaks TLS and wants a certificate that `tls.ca` signed from every client. */
  tls?: TlsOptions;
  accessOf: AccessOf;
  log: Log;
}

/** What a client is let in with: its address, and without TLS no certificate. */
type AccessOf = (peer: { sourceIp: string | undefined; certificateId?: string | undefined }) => Access;

/**
 * Serves MQTT 3.1.1 and 5 on one port. ALPN is not looked at, so that `x-amzn-mqtt-ca` is as good as none.
 *
 * @throws {FotaError} PORT_IN_USE
 */
export function serveMqtt({
  acceptor,
  host,
  port,
  tls,
  accessOf,
  log,
}: MqttServerOptions): Promise<Listening> {
  function accept(socket: Socket, certificateId?: string): void {
    const access = accessOf({ sourceIp: socket.remoteAddress, certificateId });
    const connection = acceptor.accept(wireOf(socket), access);
    socket.setNoDelay(true);
    socket.on("data", (chunk) => connection.receive(chunk));
    socket.on("error", () => socket.destroy()); // a reset by the peer: `close` follows
    socket.on("close", () => connection.lost());
  }

  let server: Server;
  if (tls === undefined) {
    server = createTcpServer((socket) => accept(socket));
  } else {
    const demanding: TlsOptions = { ...tls, requestCert: true, rejectUnauthorized: true };
    // Without a certificate there is no handshake; an empty id is registered nowhere.
    server = createTlsServer(demanding, (socket: TLSSocket) =>
      accept(socket, clientCertificateId(socket) ?? ""),
    );
    server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      log(`mqtts: client at ${peerOf(socket)} refused: ${handshakeFault(error)}`);
      socket.destroy();
    });
  }
  rememberPeers(server);
  return listen(server, host, port);
}

/** Time that a peer has to read the last packets before its socket goes. */
const CLOSING_MS = 1_000;

function wireOf(socket: Socket): Wire {
  return {
    peer: peerOf(socket),
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

/** How a client ends a handshake whose server certificate it does not trust: by an alert, or by hanging up. */
const DISTRUST_CODES = ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "ECONNRESET"];

/** OpenSSL's reason without its file names and numbers, and the commonest cause. */
function handshakeFault(error: Error & { code?: string; reason?: string }): string {
  const reason = error.reason ?? error.message;
  if (!DISTRUST_CODES.includes(error.code ?? "")) return reason;
  return `${reason}: does it trust this stand-in's CA? Without --dir it is a new one at each start`;
}
