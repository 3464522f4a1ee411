/** Lifecycle events: a client connected or disconnected. Source: AWS IoT Developer Guide, "Lifecycle events". */
import { randomUUID } from "node:crypto";
import type { Access } from "../policies/access.js";
import { REASON } from "./errors.js";
import { type Message, textMessage } from "./message.js";

type EventType = "connected" | "disconnected";

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

/** Number of connections of all clients so far. It is the version number of events, which puts them in order. */
let connections = 0;

/** The two events of one connection. */
export class Presence {
  readonly #clientId: string;
  readonly #access: Pick<Access, "certificateId" | "sourceIp">;
  readonly #versionNumber: number;
  #sessionIdentifier: string | undefined;

  constructor(clientId: string, access: Pick<Access, "certificateId" | "sourceIp">) {
    connections += 1;
    this.#clientId = clientId;
    this.#access = access;
    this.#versionNumber = connections;
  }

  topic(eventType: EventType): string {
    return `$aws/events/presence/${eventType}/${this.#clientId}`;
  }

  connected(nowMs: number): Message {
    return this.#event("connected", { timestamp: nowMs });
  }

  disconnected(nowMs: number, disconnectReason: DisconnectReason): Message {
    return this.#event("disconnected", {
      timestamp: nowMs,
      clientInitiatedDisconnect: disconnectReason === "CLIENT_INITIATED_DISCONNECT",
      disconnectReason,
    });
  }

  #event(
    eventType: EventType,
    { timestamp, ...more }: { timestamp: number; [name: string]: unknown },
  ): Message {
    this.#sessionIdentifier ??= randomUUID();
    const event = {
      clientId: this.#clientId,
      sessionIdentifier: this.#sessionIdentifier,
      principalIdentifier: this.#access.certificateId ?? "anonymous",
      ipAddress: this.#access.sourceIp,
      versionNumber: this.#versionNumber,
      timestamp,
      eventType,
      ...more,
    };
    return textMessage(this.topic(eventType), JSON.stringify(event), 1);
  }
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
