import type { Packet } from "mqtt-packet";
import type { Clock } from "../clock.js";
import type { FaultSource } from "../faults/faults.js";
import type { Log } from "../log.js";
import type { Access } from "../policies/access.js";
import type { Permissions } from "../policies/permissions.js";
import type { Broker } from "./broker.js";
import type { Client, Link } from "./clients.js";
import { type ConnectionTerms, capSessionExpiry, connackAccepted } from "./connect.js";
import { encodePacket } from "./encode-packet.js";
import { MqttError, REASON } from "./errors.js";
import { Outbox, type Recipient } from "./outbox.js";
import { type DisconnectReason, Presence } from "./presence.js";
import { type Publisher, publishRefusal } from "./publish-handler.js";
import type { Session } from "./session.js";
import type { Subscriber } from "./subscription-handler.js";

/** What the clients of a broker have in common. */
export interface ClientOptions {
  broker: Broker;
  faults: FaultSource;
  /**
   * Answers a request on a reserved topic. `certificateId` is that of the client's certificate; absent if it has none.
   */
  answerRequest: (
    topic: string,
    payload: Uint8Array,
    certificateId: string | undefined,
  ) => ReturnType<Publisher["answerRequest"]>;
  /** The stand-in's time, for the expiry of messages and sessions. */
  clock: Clock;
  log: Log;
}

/** What a connected client needs of its connection, which the broker sees as its link. */
export interface Carrier extends Link {
  isOpen(): boolean;
  sendBytes(bytes: Buffer): void;
}

/** An accepted CONNECT. */
export interface AcceptedConnect {
  terms: ConnectionTerms;
  access: Access;
  permissions: Permissions;
}

/** A client from its accepted CONNECT until its connection ends. */
export class ConnectedClient implements Publisher, Subscriber, Recipient {
  readonly terms: ConnectionTerms;
  readonly permissions: Permissions;
  readonly client: Client;
  readonly outbox: Outbox;
  aliases: Map<number, string> | undefined;
  readonly #options: ClientOptions;
  readonly #carrier: Carrier;
  readonly #access: Access;
  readonly #presence: Presence;

  readonly #sessionPresent: boolean;

  /** Attaches the client to the broker, which ends an older connection of the same client id. */
  constructor({ terms, access, permissions }: AcceptedConnect, carrier: Carrier, options: ClientOptions) {
    const { client, sessionPresent } = options.broker.attach(terms, carrier);
    this.#sessionPresent = sessionPresent;
    this.terms = terms;
    this.permissions = permissions;
    this.client = client;
    this.outbox = new Outbox(this);
    this.#options = options;
    this.#carrier = carrier;
    this.#access = access;
    this.#presence = new Presence(terms.clientId, access);
  }

  get session(): Session {
    return this.client.session;
  }

  get clientId(): string {
    return this.terms.clientId;
  }

  get broker(): Broker {
    return this.#options.broker;
  }

  get faults(): FaultSource {
    return this.#options.faults;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get log(): Log {
    return this.#options.log;
  }

  /** Answers the CONNECT, publishes that the client is connected, and sends what its session holds. */
  start(): void {
    this.send(connackAccepted(this.terms, this.#sessionPresent));
    if (this.broker.isSubscribed(this.#presence.topic("connected"))) {
      this.broker.publish(this.#presence.connected(this.clock.nowMs()));
    }
    this.outbox.sendQueued();
  }

  isOpen(): boolean {
    return this.#carrier.isOpen();
  }

  breakConnection(): void {
    this.#carrier.breakConnection();
  }

  /** Sends a packet that is not a PUBLISH. */
  send(packet: Packet): void {
    this.sendBytes(encodePacket(packet, this.terms.version));
  }

  sendBytes(bytes: Buffer): void {
    this.#carrier.sendBytes(bytes);
  }

  answerRequest(topic: string, payload: Uint8Array): ReturnType<Publisher["answerRequest"]> {
    return this.#options.answerRequest(topic, payload, this.#access.certificateId);
  }

  /** Applies the session expiry of a DISCONNECT. @throws {MqttError} if it may not have one */
  changeSessionExpiry(seconds: number): void {
    if (seconds > 0 && this.terms.sessionExpirySeconds === 0) {
      throw new MqttError(REASON.protocolError, "a session expiry must be requested in CONNECT"); // [MQTT-3.14.2-2]
    }
    this.session.expirySeconds = capSessionExpiry(seconds); // shorter or longer
  }

  /** Detaches the client from the broker, and publishes that it is disconnected. */
  leave(reason: DisconnectReason, publishWill: boolean): void {
    const { broker, log } = this;
    const { clientId, will } = this.terms;
    broker.detach(this.client, this.#carrier, reason);
    if (broker.isSubscribed(this.#presence.topic("disconnected"))) {
      broker.publish(this.#presence.disconnected(this.clock.nowMs(), reason));
    }
    if (!publishWill || will === undefined) return;
    const refusal = publishRefusal(this.permissions, will);
    if (refusal === undefined) broker.publish(will);
    else log(`mqtt: the last will of ${clientId} is not published: ${refusal}`);
  }
}
