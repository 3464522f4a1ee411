import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import { matchesTopic } from "../topics.js";
import type { ConnectionTerms } from "./connect.js";
import { isExpired, type Message, textMessage, withExpiry } from "./message.js";
import type { Connectivity, DisconnectReason } from "./presence.js";
import { createSession, type Delivery, enqueue, type Session, type Subscription } from "./session.js";
import type { SessionStore } from "./session-store.js";
import { createSubscribers } from "./subscribers.js";

/** A connection as the broker sees it. */
export interface Link {
  /** Sends one QoS 0 message. */
  send(delivery: Delivery): void;
  /** Sends messages of the session's queue, as many as the client accepts now. */
  sendQueued(): void;
  /** Ends the connection because the client id has connected again; calls `detach` before it returns. */
  takeOver(): void;
  /** Ends the connection as a broken link would: without a DISCONNECT. */
  breakConnection(): void;
}

/** A client that is connected or whose session is stored. */
export interface Client {
  readonly session: Session;
  link: Link | undefined;
  cancelExpiry?: () => void;
}

/** Manages clients, sessions and subscriptions, and routes messages. Knows no sockets and no packets. */
export interface Broker {
  /**
   * Attaches a connection: ends an older one of the same client, and resumes its session unless `cleanStart` is set.
   */
  attach(terms: ConnectionTerms, link: Link): { client: Client; sessionPresent: boolean };
  /** Breaks the connection of this client; returns false if it is not connected. */
  breakConnection(clientId: string): boolean;
  /** Returns the client ids of the connected clients. */
  connected(): string[];
  /** Returns the connectivity of all known clients, by client id. */
  connectivity(): ReadonlyMap<string, Connectivity>;
  /** Detaches an ended connection; keeps the session until it expires. Safe to call twice. */
  detach(client: Client, link: Link, reason: DisconnectReason): void;
  subscribe(client: Client, filter: string, subscription: Subscription): void;
  /** Returns false if there was no such subscription. */
  unsubscribe(client: Client, filter: string): boolean;
  /** Sends a message to all subscribers; stores it for later subscribers if it has the retain flag. */
  publish(message: Message, from?: Client): void;
  /** Resolves when all changes so far survive a power cut; `undefined` if nothing is stored. */
  written(): Promise<void> | undefined;
  /** Sends an answer on a reserved topic to one client only, whether it has subscribed or not. */
  answer(client: Client, topic: string, payload: string): void;
  /** Returns the retained message for a new subscription. As at AWS, filters with wildcards get none. */
  retained(filter: string): Message | undefined;
}

export interface BrokerOptions {
  clock: Clock;
  log: Log;
  /** Stores sessions and retained messages across restarts. */
  store?: SessionStore | undefined;
  /** Clients that an earlier process knew. */
  previousClients?: ReadonlyMap<string, Connectivity>;
  /** Called when a client has connected or disconnected. */
  onConnectivity?: (clientId: string, now: Connectivity) => void;
}

export function createBroker({ clock, log, store, previousClients, onConnectivity }: BrokerOptions): Broker {
  const clients = new Map<string, Client>();
  const connectivity = new Map<string, Connectivity>(previousClients);
  const subscribers = createSubscribers<Client, Subscription>();
  const retained = new Map<string, Message>(store?.retained().map((message) => [message.topic, message]));
  for (const { session, endsAtMs } of store?.sessions() ?? []) {
    const client: Client = { session, link: undefined };
    clients.set(session.clientId, client);
    for (const [filter, subscription] of session.subscriptions) subscribers.add(filter, client, subscription);
    scheduleExpiry(client, endsAtMs ?? clock.nowMs() + session.expirySeconds * 1000);
  }

  function noteConnectivity(clientId: string, now: Connectivity): void {
    connectivity.set(clientId, now);
    onConnectivity?.(clientId, now);
  }

  function scheduleExpiry(client: Client, atMs: number): void {
    client.cancelExpiry = clock.after(Math.max(atMs - clock.nowMs(), 0), () => removeSession(client));
  }

  function removeSession(client: Client): void {
    client.cancelExpiry?.();
    client.session.stored?.remove();
    for (const filter of client.session.subscriptions.keys()) subscribers.remove(filter, client);
    clients.delete(client.session.clientId);
  }

  function deliver(client: Client, delivery: Delivery): void {
    if (delivery.qos === 0) {
      client.link?.send(delivery);
    } else if (enqueue(client.session, delivery)) {
      client.link?.sendQueued();
    } else {
      const { clientId } = client.session;
      log(`mqtt: the queue of ${clientId} is full: dropped a message on ${delivery.message.topic}`);
    }
  }

  return {
    attach(terms, link) {
      clients.get(terms.clientId)?.link?.takeOver();
      const kept = clients.get(terms.clientId);
      if (kept !== undefined && terms.cleanStart) removeSession(kept);
      const client = clients.get(terms.clientId) ?? { session: createSession(terms.clientId), link };
      client.cancelExpiry?.();
      client.link = link;
      client.session.expirySeconds = terms.sessionExpirySeconds;
      if (store !== undefined && terms.sessionExpirySeconds > 0) {
        client.session.stored ??= store.storedSession(terms.clientId);
      }
      client.session.stored?.setExpiry(terms.sessionExpirySeconds);
      clients.set(terms.clientId, client);
      noteConnectivity(terms.clientId, { sinceMs: clock.nowMs() });
      return { client, sessionPresent: kept === client };
    },

    breakConnection(clientId) {
      const link = clients.get(clientId)?.link;
      link?.breakConnection();
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
        removeSession(client);
        return;
      }
      const endsAtMs = clock.nowMs() + expirySeconds * 1000;
      client.session.stored?.setExpiry(expirySeconds, endsAtMs);
      scheduleExpiry(client, endsAtMs);
    },

    subscribe(client, filter, subscription) {
      client.session.subscriptions.set(filter, subscription);
      client.session.stored?.subscribed(filter, subscription);
      subscribers.add(filter, client, subscription);
    },

    unsubscribe(client, filter) {
      subscribers.remove(filter, client);
      client.session.stored?.unsubscribed(filter);
      return client.session.subscriptions.delete(filter);
    },

    publish(published, from) {
      const message = withExpiry(published, clock.nowMs());
      if (message.retain) store?.retain(message);
      if (message.retain && message.payload.length > 0) retained.set(message.topic, message);
      if (message.retain && message.payload.length === 0) retained.delete(message.topic); // [MQTT-3.3.1-6]
      const granted = new Map<Client, Subscription>();
      const deliverTo = (client: Client, { qos, retainAsPublished }: Subscription) => {
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
        shared: (client, subscription) => shares.push(() => deliverTo(client, subscription)),
        isConnected: (client) => client.link !== undefined,
      });
      for (const [client, subscription] of granted) deliverTo(client, subscription);
      for (const share of shares) share();
    },

    written: () => store?.written(),

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
