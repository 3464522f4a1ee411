/**
 * A client's session: its subscriptions and unacknowledged messages. It outlives the connection if it has an expiry.
 */
import { IN_FLIGHT_MAX, SESSION_QUEUE_MAX } from "./limits.js";
import { isExpired, type Message } from "./message.js";

/** A message as one subscriber gets it. */
export interface Delivery {
  message: Message;
  /** The lower of the message's and the subscription's [MQTT-3.8.4-8]. */
  qos: 0 | 1;
  retain: boolean;
}

export interface Subscription {
  qos: 0 | 1;
  noLocal: boolean;
  retainAsPublished: boolean;
}

/** Stores the changes of one session, so that it survives a restart. */
export interface StoredSession {
  /** `endsAtMs` is when the session expires; absent while its client is connected. */
  setExpiry(expirySeconds: number, endsAtMs?: number): void;
  remove(): void;
  subscribed(filter: string, subscription: Subscription): void;
  unsubscribed(filter: string): void;
  queued(delivery: Delivery): void;
  /** Removes a delivery that was acknowledged or dropped. */
  acknowledged(delivery: Delivery): void;
}

export interface Session {
  readonly clientId: string;
  /** By topic filter. */
  readonly subscriptions: Map<string, Subscription>;
  /** Unacknowledged QoS 1 deliveries, by packet id, in the order of sending. */
  readonly inFlight: Map<number, Delivery>;
  /** QoS 1 deliveries that are not sent yet. */
  readonly queue: Delivery[];
  lastPacketId: number;
  /** 0 if the session ends with its connection. */
  expirySeconds: number;
  stored?: StoredSession;
}

export function createSession(clientId: string): Session {
  return {
    clientId,
    subscriptions: new Map(),
    inFlight: new Map(),
    queue: [],
    lastPacketId: 0,
    expirySeconds: 0,
  };
}

/** Queues a QoS 1 delivery. Returns false if the queue is full, and the delivery is dropped. */
export function enqueue(session: Session, delivery: Delivery): boolean {
  if (session.queue.length >= SESSION_QUEUE_MAX) return false;
  session.queue.push(delivery);
  session.stored?.queued(delivery);
  return true;
}

/**
 * Moves the deliveries that can be sent now from the queue to `inFlight`, and returns them: at most `receiveMaximum` are
 * in flight, and expired ones are dropped.
 */
export function takeSendable(
  session: Session,
  receiveMaximum: number,
  nowMs: number,
): { packetId: number; delivery: Delivery }[] {
  const window = Math.min(receiveMaximum, IN_FLIGHT_MAX);
  const taken: { packetId: number; delivery: Delivery }[] = [];
  while (session.inFlight.size < window) {
    const delivery = session.queue.shift();
    if (delivery === undefined) break;
    if (isExpired(delivery.message, nowMs)) {
      session.stored?.acknowledged(delivery);
      continue;
    }
    const packetId = nextPacketId(session);
    session.inFlight.set(packetId, delivery);
    taken.push({ packetId, delivery });
  }
  return taken;
}

/**
 * Removes a delivery that the client has acknowledged, or that it will not get. Safe to call for an unknown packet id.
 */
export function acknowledge(session: Session, packetId: number): void {
  const delivery = session.inFlight.get(packetId);
  if (delivery === undefined) return;
  session.inFlight.delete(packetId);
  session.stored?.acknowledged(delivery);
}

function nextPacketId(session: Session): number {
  do {
    session.lastPacketId = (session.lastPacketId % 0xffff) + 1;
  } while (session.inFlight.has(session.lastPacketId));
  return session.lastPacketId;
}
