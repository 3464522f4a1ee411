/** Lifecycle events: a client connected or disconnected. Source: AWS IoT Developer Guide, "Lifecycle events". */
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
  /** When the client connected or disconnected. */
  sinceMs: number;
  /** Why the client disconnected; absent while it is connected. */
  disconnectReason?: string;
}

export interface PresenceOptions {
  clientId: string;
  /** Id of the client's certificate. */
  certificateId?: string | undefined;
  sourceIp?: string | undefined;
  nowMs: () => number;
}

/** The two events of one connection. */
export interface Presence {
  connected(): Message;
  disconnected(reason: DisconnectReason): Message;
}

/** Number of connections of all clients so far. It is the version number of events, which puts them in order. */
let connections = 0;

export function createPresence({ clientId, certificateId, sourceIp, nowMs }: PresenceOptions): Presence {
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

/** Returns AWS's name for the reason why the broker ended a connection. */
export function toDisconnectReason(reasonCode: number): DisconnectReason {
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
