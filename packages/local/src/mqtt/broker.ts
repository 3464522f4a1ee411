import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import { matchesTopic } from "../topics.js";
import { type Client, Clients, type Link } from "./clients.js";
import type { ConnectionTerms } from "./connect.js";
import { type Message, textMessage, withExpiry } from "./message.js";
import type { Connectivity, DisconnectReason } from "./presence.js";
import { RetainedMessages } from "./retained-messages.js";
import { RuleMessages, type RuleTraffic } from "./rule-messages.js";
import { type Delivery, enqueue, type Subscription } from "./session.js";
import type { SessionStore } from "./session-store.js";
import { createSubscribers, type Subscribers } from "./subscribers.js";

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
  /**
   * Sends a message to all subscribers; stores it for later subscribers if it has the retain flag. A message of Basic
   * Ingest reaches no subscriber.
   */
  publish(message: Message, from?: Client): void;
  /** Returns whether anyone has subscribed to the topic; if not, a message that is not retained goes nowhere. */
  isSubscribed(topic: string): boolean;
  /** Resolves when all changes so far survive a power cut; `undefined` if nothing is stored. */
  written(): Promise<void> | undefined;
  /** Sends an answer on a reserved topic to one client only, whether it has subscribed or not. */
  answer(client: Client, topic: string, payload: string): void;
  /** Returns the retained message for a new subscription. As at AWS, filters with wildcards get none. */
  retained(filter: string): Message | undefined;
  /** Yields the retained messages in the order of their topics: only those after `topic`, if it is given. */
  retainedAfter(topic: string | undefined): Iterable<Message>;
  /** Returns what Basic Ingest has taken since the start. */
  ruleTraffic(): RuleTraffic[];
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
  const retained = new RetainedMessages(clock, store);
  const forRules = new RuleMessages(log);
  const subscribers = createSubscribers<Client, Subscription>();
  const clients = new Clients({ clock, subscribers, store, previousClients, onConnectivity });

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
    attach: (terms, link) => clients.attach(terms, link),
    detach: (client, link, reason) => clients.detach(client, link, reason),
    connected: () => clients.connected(),
    connectivity: () => clients.connectivity,

    breakConnection(clientId) {
      const link = clients.find(clientId)?.link;
      link?.breakConnection();
      return link !== undefined;
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
      if (forRules.take(published)) return;
      const message = withExpiry(published, clock.nowMs());
      if (message.retain) retained.add(message);
      for (const [client, { qos, retainAsPublished }] of findRecipients(subscribers, message.topic, from)) {
        const retain = retainAsPublished && message.retain;
        deliver(client, { message, qos: message.qos === 0 ? 0 : qos, retain });
      }
    },

    isSubscribed: (topic) => subscribers.isMatched(topic),
    written: () => store?.written(),

    answer(client, topic, payload) {
      const filters = [...client.session.subscriptions].filter(([filter]) => matchesTopic(filter, topic));
      const qos = filters.some(([, subscription]) => subscription.qos === 1) ? 1 : 0;
      deliver(client, { message: textMessage(topic, payload, qos), qos, retain: false });
    },

    retained: (filter) => retained.find(filter),
    retainedAfter: (topic) => retained.after(topic),
    ruleTraffic: () => forRules.list(),
  };
}

/**
 * Returns who gets a message on `topic` that `from` published: each client once by its own subscriptions, with the
 * highest QoS of those, and then one member of each group that shares a subscription.
 */
function findRecipients(
  subscribers: Subscribers<Client, Subscription>,
  topic: string,
  from: Client | undefined,
): [Client, Subscription][] {
  const own = new Map<Client, Subscription>();
  const shared: [Client, Subscription][] = [];
  subscribers.match(topic, {
    found: (client, subscription) => {
      if (subscription.noLocal && client === from) return;
      const other = own.get(client);
      if (other === undefined || other.qos < subscription.qos) own.set(client, subscription);
    },
    shared: (client, subscription) => shared.push([client, subscription]),
    isConnected: (client) => client.link !== undefined,
  });
  return [...own, ...shared];
}
