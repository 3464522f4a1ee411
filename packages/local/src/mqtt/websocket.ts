import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { messageOf } from "@fota/shared";
import { type WebSocket, WebSocketServer } from "ws";
import { clientCertificateId } from "../certificates/client-certificate.js";
import type { Visitors } from "../http/visitors.js";
import type { Log } from "../log.js";
import { peerOf } from "../peer.js";
import type { Access } from "../policies/access.js";
import { rawPathOf } from "../sigv4/sigv4.js";
import type { Connection, Wire } from "./connection.js";
import type { ConnectionRegistry } from "./connection-registry.js";

export interface WebSocketDoorOptions {
  acceptor: ConnectionRegistry;
  /** What the client may do; `signed`: it brought a signature, which `authenticate` has let pass. */
  accessOf: (peer: {
    sourceIp: string | undefined;
    certificateId: string | undefined;
    signed: boolean;
  }) => Access;
  /** Whether the request is signed. @throws when the signature is to be verified and does not hold, or is missing */
  authenticate: (request: IncomingMessage) => boolean;
  /** Which hosts and pages are let in. */
  visitors: Visitors;
  /** Why a client with this certificate is not let in; `undefined`: it is. */
  refuseCertificate: (certificateId: string) => string | undefined;
  log: Log;
}

/** Takes a request to upgrade, from an HTTP server's `upgrade` event. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Bytes of a message; packets need not begin and end with messages [MQTT-6.0.0-2]. Ours. */
const MESSAGE_MAX_BYTES = 1024 * 1024;

/**
 * MQTT over WebSocket, as AWS IoT has it: `GET /mqtt` with the subprotocol `mqtt`, signed with credentials for
 * `iotdevicegateway`, or over HTTPS with a client certificate.
 */
export function webSocketUpgrade(options: WebSocketDoorOptions): UpgradeListener {
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: () => "mqtt",
    maxPayload: MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
  });
  return (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    const refused = judge(request, options);
    if ("status" in refused) {
      options.log(`mqtt: WebSocket of ${peerOf(request.socket)} refused: ${refused.message}`);
      refuse(socket, refused);
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      serve(webSocket, options.acceptor.accept(wireOf(webSocket, request), refused.access));
    });
  };
}

interface Refusal {
  /** Status line, without the version. */
  status: string;
  type: string;
  message: string;
}

function judge(request: IncomingMessage, options: WebSocketDoorOptions): Refusal | { access: Access } {
  const visitor = options.visitors.refusalOf(request);
  if (visitor !== undefined) return forbidden(`${visitor.message}: ${visitor.hint}`);
  const { upgrade = "" } = request.headers;
  const path = rawPathOf(request.url ?? "/");
  if (upgrade.toLowerCase() !== "websocket") {
    return notImplemented(`the protocol ${upgrade} is not spoken here; ask without an Upgrade header`);
  }
  if (path !== "/mqtt") return notImplemented(`WebSockets are served at /mqtt, not at ${path}`);
  const protocols = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
  if (!protocols.includes("mqtt")) {
    const message = "the WebSocket subprotocol must be mqtt";
    return { status: "400 Bad Request", type: "InvalidRequestException", message };
  }
  const { socket } = request;
  const certificateId = socket instanceof TLSSocket ? clientCertificateId(socket) : undefined;
  try {
    const fault = certificateId === undefined ? undefined : options.refuseCertificate(certificateId);
    if (fault !== undefined) return forbidden(fault);
    const signed = certificateId === undefined && options.authenticate(request);
    return { access: options.accessOf({ sourceIp: socket.remoteAddress, certificateId, signed }) };
  } catch (error) {
    return forbidden(messageOf(error));
  }
}

function serve(webSocket: WebSocket, connection: Connection): void {
  webSocket.on("message", (data, isBinary) => {
    if (!isBinary || !Buffer.isBuffer(data))
      webSocket.close(1003); // [MQTT-6.0.0-1]
    else connection.receive(data);
  });
  webSocket.on("error", () => webSocket.terminate()); // a frame that is none: `close` follows
  webSocket.on("close", () => connection.lost());
}

function wireOf(webSocket: WebSocket, request: IncomingMessage): Wire {
  return {
    peer: peerOf(request.socket),
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
