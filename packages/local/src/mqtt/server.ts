import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { clientCertificateId } from "../certificates/client-certificate.js";
import { type Listening, listen } from "../listening.js";
import { type Connection, type ConnectionOptions, openConnection, type Wire } from "./connection.js";

export interface MqttServerOptions extends Omit<ConnectionOptions, "refuse"> {
  host: string;
  port: number;
  /** With it the server speaks TLS and wants a certificate that `tls.ca` signed from every client. */
  tls?: TlsOptions;
  /** Why a client with this certificate may not connect; `undefined`: it may. Not asked where there is no TLS. */
  refuseCertificate: (certificateId: string) => string | undefined;
}

/**
 * Serves MQTT 3.1.1 and 5 on one port. ALPN is not looked at, so that `x-amzn-mqtt-ca` is as good as none.
 *
 * @throws {FotaError} PORT_IN_USE
 */
export async function serveMqtt(options: MqttServerOptions): Promise<Listening> {
  const { log, refuseCertificate } = options;
  const connections = new Set<Connection>();

  function accept(socket: Socket, refuse: () => string | undefined): void {
    const connection = openConnection(wireOf(socket), { ...options, refuse });
    connections.add(connection);
    socket.setNoDelay(true);
    socket.on("data", (chunk) => connection.receive(chunk));
    socket.on("error", () => socket.destroy()); // a reset by the peer: `close` follows
    socket.on("close", () => {
      connections.delete(connection);
      connection.lost();
    });
  }

  let server: Server;
  if (options.tls === undefined) {
    server = createTcpServer((socket) => accept(socket, () => undefined));
  } else {
    const tls: TlsOptions = { ...options.tls, requestCert: true, rejectUnauthorized: true };
    server = createTlsServer(tls, (socket: TLSSocket) => {
      const certificateId = clientCertificateId(socket);
      accept(socket, () =>
        certificateId === undefined ? "no certificate" : refuseCertificate(certificateId),
      );
    });
    server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      log(`mqtts: client at ${peerOf(socket)} refused: ${error.message}`);
      socket.destroy();
    });
  }
  const listening = await listen(server, options.host, options.port);
  return {
    port: listening.port,
    close: async () => {
      for (const connection of connections) connection.shutDown();
      await listening.close();
    },
  };
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

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
