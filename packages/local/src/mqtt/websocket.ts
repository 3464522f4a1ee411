import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { messageOf } from "@fota/shared";
import { type WebSocket, WebSocketServer } from "ws";
import { clientCertificateId, type IsRegistered } from "../certificates/client-certificate.js";
import type { RequestGuard } from "../http/request-guard.js";
import type { Log } from "../log.js";
import { describePeer } from "../peer.js";
import type { Access } from "../policies/access.js";
import { rawPathOf } from "../sigv4/sigv4.js";
import type { Wire } from "./connection.js";
import type { ConnectionRegistry, Receiver } from "./connection-registry.js";

export interface WebSocketUpgradeOptions {
  connections: ConnectionRegistry;
  /** Returns what the client may do. `signed` means that `authenticate` has accepted its signature. */
  accessOf: (peer: {
    sourceIp: string | undefined;
    certificateId: string | undefined;
    signed: boolean;
  }) => Access;
  /** Returns whether the request is signed. Throws if signatures are verified and it is missing or invalid. */
  authenticate: (request: IncomingMessage) => boolean;
  /** Refuses foreign hosts and web pages. */
  requestGuard: RequestGuard;
  /** Returns why a client with this certificate may not connect; `undefined` if it may. */
  certificateRefusal: (certificateId: string) => string | undefined;
  isRegistered: IsRegistered;
  log: Log;
}

/** Handles the `upgrade` event of an HTTP server. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Size of a WebSocket message, which may contain parts of packets [MQTT-6.0.0-2]. The stand-in's own limit. */
const MESSAGE_MAX_BYTES = 1024 * 1024;

/**
 * Serves MQTT over WebSocket as AWS IoT does: `GET /mqtt` with the subprotocol `mqtt`, signed with credentials for
 * `iotdevicegateway`, or over HTTPS with a client certificate.
 */
export function webSocketUpgrade(options: WebSocketUpgradeOptions): UpgradeListener {
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: () => "mqtt",
    maxPayload: MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
  });
  return (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    const decision = authorizeUpgrade(request, options);
    if ("status" in decision) {
      options.log(`mqtt: WebSocket of ${describePeer(request.socket)} refused: ${decision.message}`);
      refuse(socket, decision);
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      serve(webSocket, options.connections.accept(createWire(webSocket, request), decision.access));
    });
  };
}

interface Refusal {
  /** Status line, without the version. */
  status: string;
  type: string;
  message: string;
}

function authorizeUpgrade(
  request: IncomingMessage,
  options: WebSocketUpgradeOptions,
): Refusal | { access: Access } {
  const refusedRequest = options.requestGuard.refusalOf(request);
  if (refusedRequest !== undefined) return forbidden(`${refusedRequest.message}: ${refusedRequest.hint}`);
  const { upgrade = "" } = request.headers;
  const path = rawPathOf(request.url ?? "/");
  if (upgrade.toLowerCase() !== "websocket") {
    return notImplemented(
      `the protocol ${upgrade} is not supported; send the request without an Upgrade header`,
    );
  }
  if (path !== "/mqtt") return notImplemented(`WebSockets are served at /mqtt, not at ${path}`);
  const protocols = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
  if (!protocols.includes("mqtt")) {
    const message = "the WebSocket subprotocol must be mqtt";
    return { status: "400 Bad Request", type: "InvalidRequestException", message };
  }
  const { socket } = request;
  const certificateId =
    socket instanceof TLSSocket ? clientCertificateId(socket, options.isRegistered) : undefined;
  try {
    const fault = certificateId === undefined ? undefined : options.certificateRefusal(certificateId);
    if (fault !== undefined) return forbidden(fault);
    const signed = certificateId === undefined && options.authenticate(request);
    return { access: options.accessOf({ sourceIp: socket.remoteAddress, certificateId, signed }) };
  } catch (error) {
    return forbidden(messageOf(error));
  }
}

function serve(webSocket: WebSocket, connection: Receiver): void {
  webSocket.on("message", (data, isBinary) => {
    if (isBinary && Buffer.isBuffer(data)) {
      connection.receive(data);
      return;
    }
    webSocket.close(1003); // [MQTT-6.0.0-1]
    connection.closed(); // what the client sends until it has answered does not count
  });
  webSocket.on("error", () => webSocket.terminate()); // an invalid frame: `close` follows
  webSocket.on("close", () => connection.closed());
}

function createWire(webSocket: WebSocket, request: IncomingMessage): Wire {
  return {
    peer: describePeer(request.socket),
    send: (bytes) => {
      if (webSocket.readyState === webSocket.OPEN) webSocket.send(bytes);
    },
    unreadBytes: () => webSocket.bufferedAmount,
    close: () => webSocket.close(),
    destroy: () => webSocket.terminate(),
  };
}

function refuse(socket: Duplex, { status, type, message }: Refusal): void {
  const body = `${JSON.stringify({ message })}\n`;
  const head = [
    `HTTP/1.1 ${status}`,
    `x-amzn-errortype: ${type}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function forbidden(message: string): Refusal {
  return { status: "403 Forbidden", type: "ForbiddenException", message };
}

function notImplemented(message: string): Refusal {
  return { status: "501 Not Implemented", type: "NotImplementedException", message };
}
