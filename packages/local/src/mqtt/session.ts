/** A client's session: what the broker remembers of it, over several connections where the client asked for that. */
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

/** Is told how one session changes that outlives the process. */
export interface StoredSession {
  /** `endsAtMs`: its client has gone, and it ends then. */
  setExpiry(expirySeconds: number, endsAtMs?: number): void;
  remove(): void;
  subscribed(filter: string, subscription: Subscription): void;
  unsubscribed(filter: string): void;
  queued(delivery: Delivery): void;
  /** Acknowledged, or dropped. */
  acknowledged(delivery: Delivery): void;
}

export interface Session {
  readonly clientId: string;
  /** By topic filter. */
  readonly subscriptions: Map<string, Subscription>;
  /** QoS 1, sent and not acknowledged, by packet id, in the order of sending. */
  readonly inFlight: Map<number, Delivery>;
  /** QoS 1, not sent yet. */
  readonly queue: Delivery[];
  lastPacketId: number;
  /** 0: the session ends with its connection. */
  expirySeconds: number;
  keeper?: StoredSession;
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

/** Keeps a QoS 1 delivery to be sent. False when the session holds too many already and it is dropped. */
export function enqueue(session: Session, delivery: Delivery): boolean {
  if (session.queue.length >= SESSION_QUEUE_MAX) return false;
  session.queue.push(delivery);
  session.keeper?.queued(delivery);
  return true;
}

/**
 * Moves from the queue what may be sent now: as many as the receiver takes unacknowledged (`receiveMaximum`), and none
 * that has expired.
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
      session.keeper?.acknowledged(delivery);
      continue;
    }
    const packetId = freePacketId(session);
    session.inFlight.set(packetId, delivery);
    taken.push({ packetId, delivery });
  }
  return taken;
}

/** The client has it, or gets none of it. Safe to call for a packet id that nothing is sent with. */
export function acknowledge(session: Session, packetId: number): void {
  const delivery = session.inFlight.get(packetId);
  if (delivery === undefined) return;
  session.inFlight.delete(packetId);
  session.keeper?.acknowledged(delivery);
}

function freePacketId(session: Session): number {
  do {
    session.lastPacketId = (session.lastPacketId % 0xffff) + 1;
  } while (session.inFlight.has(session.lastPacketId));
  return session.lastPacketId;
}
