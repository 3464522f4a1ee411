/** Lifecycle events: who connects and who leaves. Source: AWS IoT Developer Guide, "Lifecycle events". */
import { randomUUID } from "node:crypto";
import { REASON } from "./errors.js";
import type { Message } from "./message.js";

export type DisconnectReason =
  | "AUTH_ERROR"
  | "CLIENT_ERROR"
  | "CLIENT_INITIATED_DISCONNECT"
  | "CONNECTION_LOST"
  | "DUPLICATE_CLIENTID"
  | "MQTT_KEEP_ALIVE_TIMEOUT"
  | "SERVER_INITIATED_DISCONNECT";

/** Whether a client is connected, and since when. */
export interface Connectivity {
  /** When the client came, or left. */
  sinceMs: number;
  /** Why it left; absent while it is connected. */
  disconnectReason?: string;
}

export interface PresenceOptions {
  clientId: string;
  /** Of the certificate it came with. */
  certificateId?: string | undefined;
  sourceIp?: string | undefined;
  nowMs: () => number;
}

/** The two events of one connection. */
export interface Presence {
  connected(): Message;
  disconnected(reason: DisconnectReason): Message;
}

/** Grows with every connection, so that the events of a client can be put in order; ours is one for all clients. */
let connections = 0;

export function presenceOf({ clientId, certificateId, sourceIp, nowMs }: PresenceOptions): Presence {
  connections += 1;
  const common = {
    clientId,
    sessionIdentifier: randomUUID(),
    principalIdentifier: certificateId ?? "anonymous",
    ipAddress: sourceIp,
    versionNumber: connections,
  };
  const event = (eventType: "connected" | "disconnected", more: object): Message => ({
    topic: `$aws/events/presence/${eventType}/${clientId}`,
    payload: Buffer.from(JSON.stringify({ ...common, timestamp: nowMs(), eventType, ...more })),
    qos: 1,
    retain: false,
    properties: {},
  });
  return {
    connected: () => event("connected", {}),
    disconnected: (disconnectReason) =>
      event("disconnected", {
        clientInitiatedDisconnect: disconnectReason === "CLIENT_INITIATED_DISCONNECT",
        disconnectReason,
      }),
  };
}

/** What AWS calls the end of a connection that the broker ends for this reason. */
export function disconnectReason(reasonCode: number): DisconnectReason {
  switch (reasonCode) {
    case REASON.sessionTakenOver:
      return "DUPLICATE_CLIENTID";
    case REASON.keepAliveTimeout:
      return "MQTT_KEEP_ALIVE_TIMEOUT";
    case REASON.notAuthorized:
      return "AUTH_ERROR";
    case REASON.serverShuttingDown:
      return "SERVER_INITIATED_DISCONNECT";
    default:
      return "CLIENT_ERROR";
  }
}
