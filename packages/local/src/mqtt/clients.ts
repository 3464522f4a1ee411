import type { Clock } from "../clock.js";
import type { ConnectionTerms } from "./connect.js";
import type { Connectivity, DisconnectReason } from "./presence.js";
import { createSession, type Delivery, type Session, type Subscription } from "./session.js";
import type { SessionStore } from "./session-store.js";
import type { Subscribers } from "./subscribers.js";

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

interface ClientsOptions {
  clock: Clock;
  subscribers: Subscribers<Client, Subscription>;
  store: SessionStore | undefined;
  previousClients: ReadonlyMap<string, Connectivity> | undefined;
  onConnectivity: ((clientId: string, now: Connectivity) => void) | undefined;
}

/** The clients by id, with their sessions until these expire. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #byId = new Map<string, Client>();
  readonly #connectivity: Map<string, Connectivity>;

  /** Restores the stored sessions, with their subscriptions. */
  constructor(options: ClientsOptions) {
    this.#options = options;
    this.#connectivity = new Map(options.previousClients);
    const { clock, store, subscribers } = options;
    for (const { session, endsAtMs } of store?.sessions() ?? []) {
      const client: Client = { session, link: undefined };
      this.#byId.set(session.clientId, client);
      for (const [filter, subscription] of session.subscriptions)
        subscribers.add(filter, client, subscription);
      this.#scheduleExpiry(client, endsAtMs ?? clock.nowMs() + session.expirySeconds * 1000);
    }
  }

  /** Returns the connectivity of all clients so far, by client id. */
  get connectivity(): ReadonlyMap<string, Connectivity> {
    return this.#connectivity;
  }

  find(clientId: string): Client | undefined {
    return this.#byId.get(clientId);
  }

  /** Returns the client ids of the connected clients. */
  connected(): string[] {
    return [...this.#byId.values()]
      .filter(({ link }) => link !== undefined)
      .map((client) => client.session.clientId);
  }

  /**
   * Attaches a connection: ends an older one of the same client, and resumes its session unless `cleanStart` is set.
   */
  attach(terms: ConnectionTerms, link: Link): { client: Client; sessionPresent: boolean } {
    const { clock, store } = this.#options;
    const { clientId, cleanStart, sessionExpirySeconds } = terms;
    this.#byId.get(clientId)?.link?.takeOver();
    const kept = this.#byId.get(clientId);
    if (kept !== undefined && cleanStart) this.#remove(kept);
    const client = this.#byId.get(clientId) ?? { session: createSession(clientId), link };
    client.cancelExpiry?.();
    client.link = link;
    client.session.expirySeconds = sessionExpirySeconds;
    if (store !== undefined && sessionExpirySeconds > 0) {
      client.session.stored ??= store.storedSession(clientId);
    }
    client.session.stored?.setExpiry(sessionExpirySeconds);
    this.#byId.set(clientId, client);
    this.#noteConnectivity(clientId, { sinceMs: clock.nowMs() });
    return { client, sessionPresent: kept === client };
  }

  /** Detaches an ended connection; keeps the session until it expires. Safe to call twice. */
  detach(client: Client, link: Link, disconnectReason: DisconnectReason): void {
    if (client.link !== link) return;
    const { clock } = this.#options;
    client.link = undefined;
    this.#noteConnectivity(client.session.clientId, { sinceMs: clock.nowMs(), disconnectReason });
    const { expirySeconds } = client.session;
    if (expirySeconds === 0) {
      this.#remove(client);
      return;
    }
    const endsAtMs = clock.nowMs() + expirySeconds * 1000;
    client.session.stored?.setExpiry(expirySeconds, endsAtMs);
    this.#scheduleExpiry(client, endsAtMs);
  }

  #noteConnectivity(clientId: string, now: Connectivity): void {
    this.#connectivity.set(clientId, now);
    this.#options.onConnectivity?.(clientId, now);
  }

  #scheduleExpiry(client: Client, atMs: number): void {
    const { clock } = this.#options;
    client.cancelExpiry = clock.after(Math.max(atMs - clock.nowMs(), 0), () => this.#remove(client));
  }

  /** Removes a client with its session and its subscriptions. */
  #remove(client: Client): void {
    const { clientId, stored, subscriptions } = client.session;
    client.cancelExpiry?.();
    stored?.remove();
    for (const filter of subscriptions.keys()) this.#options.subscribers.remove(filter, client);
    this.#byId.delete(clientId);
  }
}
