/** The state of the broker that survives a restart: retained messages, and sessions with an expiry. */
import { WatchedMap } from "../state/watched-map.js";
import type { Message } from "./message.js";
import type { Delivery, Subscription } from "./session.js";

export interface KeptState {
  /** By topic. */
  retained: Map<string, KeptMessage>;
  /** By client id. */
  sessions: Map<string, KeptSession>;
}

interface KeptSession {
  expirySeconds: number;
  /** When the session expires; absent while its client is connected. */
  endsAtMs?: number;
  /** By topic filter. */
  subscriptions: Map<string, Subscription>;
  /** Unacknowledged QoS 1 messages by id, in order. */
  queue: Map<number, KeptDelivery>;
}

type KeptDelivery = Omit<Delivery, "message"> & { message: KeptMessage };

/** A message in JSON form; bytes are in base64. */
export type KeptMessage = Omit<Message, "payload" | "properties"> & {
  payload: string;
  properties: Omit<Message["properties"], "correlationData"> & { correlationData?: string };
};

/** One change of the state, as the journal records it. "end" removes a session, "settle" removes a queued message. */
export type KeptRecord =
  | { type: "retain"; message: KeptMessage }
  | { type: "session"; clientId: string; expirySeconds: number; endsAtMs?: number }
  | { type: "end"; clientId: string }
  | { type: "subscribe"; clientId: string; filter: string; subscription: Subscription }
  | { type: "unsubscribe"; clientId: string; filter: string }
  | { type: "queue"; clientId: string; id: number; delivery: KeptDelivery }
  | { type: "settle"; clientId: string; id: number };

export function emptyKeptState(): KeptState {
  return { retained: new WatchedMap(), sessions: new WatchedMap() };
}

/** Applies a record to `state`, in place. */
export function applyRecord(state: KeptState, record: KeptRecord): void {
  if (record.type === "retain") {
    const { message } = record;
    if (message.payload === "") state.retained.delete(message.topic);
    else state.retained.set(message.topic, message);
    return;
  }
  const session = state.sessions.get(record.clientId);
  switch (record.type) {
    case "session": {
      const { subscriptions = new Map(), queue = new Map() } = session ?? {};
      const { clientId, expirySeconds, endsAtMs } = record;
      const times = { expirySeconds, ...(endsAtMs !== undefined && { endsAtMs }) };
      state.sessions.set(clientId, { ...times, subscriptions, queue });
      break;
    }
    case "end":
      state.sessions.delete(record.clientId);
      break;
    case "subscribe":
      session?.subscriptions.set(record.filter, record.subscription);
      break;
    case "unsubscribe":
      session?.subscriptions.delete(record.filter);
      break;
    case "queue":
      session?.queue.set(record.id, record.delivery);
      break;
    case "settle":
      session?.queue.delete(record.id);
  }
}

export function encodeMessage({ payload, properties, ...rest }: Message): KeptMessage {
  const { correlationData, ...others } = properties;
  return {
    ...rest,
    payload: payload.toString("base64"),
    properties: {
      ...others,
      ...(correlationData !== undefined && { correlationData: correlationData.toString("base64") }),
    },
  };
}

export function decodeMessage({ payload, properties, ...rest }: KeptMessage): Message {
  const { correlationData, ...others } = properties;
  return {
    ...rest,
    payload: Buffer.from(payload, "base64"),
    properties: {
      ...others,
      ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData, "base64") }),
    },
  };
}
