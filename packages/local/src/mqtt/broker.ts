import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import { matchesTopic } from "../topics.js";
import type { ConnectionTerms } from "./connect.js";
import { isExpired, type Message, textMessage, withExpiry } from "./message.js";
import type { Connectivity, DisconnectReason } from "./presence.js";
import { createSession, type Delivery, enqueue, type Session, type Subscription } from "./session.js";
import type { SessionStore } from "./session-store.js";
import { createSubscribers } from "./subscribers.js";

/** A connection, as the broker sees it. */
export interface Link {
  /** Sends one QoS 0 message. */
  send(delivery: Delivery): void;
  /** Sends what the session's queue holds and the client takes. */
  sendQueued(): void;
  /** Ends the connection, as another one with its client id has come; calls `detach` before it returns. */
  takeOver(): void;
  /** Ends the connection as a broken link does. */
  breakOff(): void;
}

/** A client that is connected, or whose session is kept. */
export interface Client {
  readonly session: Session;
  link: Link | undefined;
  cancelExpiry?: () => void;
}

/** Who is connected and who gets which message. No sockets, no packets. */
export interface Broker {
  /** Takes over from an older connection of the same client id, and gives its kept session if the terms want it. */
  attach(terms: ConnectionTerms, link: Link): { client: Client; sessionPresent: boolean };
  /** Breaks the connection of this client; false when there is none. */
  breakOff(clientId: string): boolean;
  /** Client ids of those that are connected. */
  connected(): string[];
  /** Of all clients that are known, by client id. */
  connectivity(): ReadonlyMap<string, Connectivity>;
  /** The connection has ended: keeps the session as long as it is to be kept. Safe to call twice. */
  detach(client: Client, link: Link, reason: DisconnectReason): void;
  subscribe(client: Client, filter: string, subscription: Subscription): void;
  /** False when there was no such subscription. */
  unsubscribe(client: Client, filter: string): boolean;
  /** To all that subscribed; kept for later subscribers if it is to be retained. */
  publish(message: Message, from?: Client): void;
  /** Resolves when what is kept of all so far survives a power cut; `undefined` where nothing outlives the process. */
  written(): Promise<void> | undefined;
  /** To one client only, whether it subscribed or not: the way of an answer on a reserved topic. */
  answer(client: Client, topic: string, payload: string): void;
  /** The message that a new subscriber gets at once. AWS: retained messages are not for filters with wildcards. */
  retained(filter: string): Message | undefined;
}

export interface BrokerOptions {
  clock: Clock;
  log: Log;
  /** Keeps sessions and retained messages over a restart, and has those of the last process. */
  keeper?: SessionStore | undefined;
  /** Clients that an earlier process knew. */
  known?: ReadonlyMap<string, Connectivity>;
  /** Called when a client came or left. */
  onConnectivity?: (clientId: string, now: Connectivity) => void;
}

export function createBroker({ clock, log, keeper, known, onConnectivity }: BrokerOptions): Broker {
  const clients = new Map<string, Client>();
  const connectivity = new Map<string, Connectivity>(known);
  const subscribers = createSubscribers<Client, Subscription>();
  const retained = new Map<string, Message>(keeper?.retained().map((message) => [message.topic, message]));
  for (const { session, endsAtMs } of keeper?.sessions() ?? []) {
    const client: Client = { session, link: undefined };
    clients.set(session.clientId, client);
    for (const [filter, subscription] of session.subscriptions) subscribers.add(filter, client, subscription);
    endLater(client, endsAtMs ?? clock.nowMs() + session.expirySeconds * 1000);
  }

  function noteConnectivity(clientId: string, now: Connectivity): void {
    connectivity.set(clientId, now);
    onConnectivity?.(clientId, now);
  }

  function endLater(client: Client, atMs: number): void {
    client.cancelExpiry = clock.after(Math.max(atMs - clock.nowMs(), 0), () => endSession(client));
  }

  function endSession(client: Client): void {
    client.cancelExpiry?.();
    client.session.keeper?.remove();
    for (const filter of client.session.subscriptions.keys()) subscribers.remove(filter, client);
    clients.delete(client.session.clientId);
  }

  function deliver(client: Client, delivery: Delivery): void {
    if (delivery.qos === 0) {
      client.link?.send(delivery);
    } else if (enqueue(client.session, delivery)) {
      client.link?.sendQueued();
    } else {
      log(`mqtt: the queue of ${client.session.clientId} is full: dropped one on ${delivery.message.topic}`);
    }
  }

  return {
    attach(terms, link) {
      clients.get(terms.clientId)?.link?.takeOver();
      const kept = clients.get(terms.clientId);
      if (kept !== undefined && terms.cleanStart) endSession(kept);
      const client = clients.get(terms.clientId) ?? { session: createSession(terms.clientId), link };
      client.cancelExpiry?.();
      client.link = link;
      client.session.expirySeconds = terms.sessionExpirySeconds;
      if (keeper !== undefined && terms.sessionExpirySeconds > 0) {
        client.session.keeper ??= keeper.keeperOf(terms.clientId);
      }
      client.session.keeper?.setExpiry(terms.sessionExpirySeconds);
      clients.set(terms.clientId, client);
      noteConnectivity(terms.clientId, { sinceMs: clock.nowMs() });
      return { client, sessionPresent: kept === client };
    },

    breakOff(clientId) {
      const link = clients.get(clientId)?.link;
      link?.breakOff();
      return link !== undefined;
    },

    connected: () =>
      [...clients.values()].filter(({ link }) => link !== undefined).map((client) => client.session.clientId),

    connectivity: () => connectivity,

    detach(client, link, disconnectReason) {
      if (client.link !== link) return;
      client.link = undefined;
      noteConnectivity(client.session.clientId, { sinceMs: clock.nowMs(), disconnectReason });
      const { expirySeconds } = client.session;
      if (expirySeconds === 0) {
        endSession(client);
        return;
      }
      const endsAtMs = clock.nowMs() + expirySeconds * 1000;
      client.session.keeper?.setExpiry(expirySeconds, endsAtMs);
      endLater(client, endsAtMs);
    },

    subscribe(client, filter, subscription) {
      client.session.subscriptions.set(filter, subscription);
      client.session.keeper?.subscribed(filter, subscription);
      subscribers.add(filter, client, subscription);
    },

    unsubscribe(client, filter) {
      subscribers.remove(filter, client);
      client.session.keeper?.unsubscribed(filter);
      return client.session.subscriptions.delete(filter);
    },

    publish(published, from) {
      const message = withExpiry(published, clock.nowMs());
      if (message.retain) keeper?.retain(message);
      if (message.retain && message.payload.length > 0) retained.set(message.topic, message);
      if (message.retain && message.payload.length === 0) retained.delete(message.topic); // [MQTT-3.3.1-6]
      const granted = new Map<Client, Subscription>();
      const give = (client: Client, { qos, retainAsPublished }: Subscription) => {
        const retain = retainAsPublished && message.retain;
        deliver(client, { message, qos: message.qos === 0 ? 0 : qos, retain });
      };
      const shares: (() => void)[] = [];
      subscribers.match(message.topic, {
        found: (client, subscription) => {
          if (subscription.noLocal && client === from) return;
          const other = granted.get(client);
          if (other === undefined || other.qos < subscription.qos) granted.set(client, subscription);
        },
        shared: (client, subscription) => shares.push(() => give(client, subscription)),
        isReady: (client) => client.link !== undefined,
      });
      for (const [client, subscription] of granted) give(client, subscription);
      for (const share of shares) share();
    },

    written: () => keeper?.written(),

    answer(client, topic, payload) {
      const filters = [...client.session.subscriptions].filter(([filter]) => matchesTopic(filter, topic));
      const qos = filters.some(([, subscription]) => subscription.qos === 1) ? 1 : 0;
      deliver(client, { message: textMessage(topic, payload, qos), qos, retain: false });
    },

    retained(filter) {
      const message = retained.get(filter);
      return message !== undefined && !isExpired(message, clock.nowMs()) ? message : undefined;
    },
  };
}
