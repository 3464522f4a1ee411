import type { Packet } from "mqtt-packet";
import type { Clock } from "../clock.js";
import type { FaultSource } from "../faults/faults.js";
import type { Log } from "../log.js";
import type { Access } from "../policies/access.js";
import type { Permissions } from "../policies/permissions.js";
import type { Broker } from "./broker.js";
import type { Client, Link } from "./clients.js";
import { type ConnectionTerms, capSessionExpiry, connackAccepted } from "./connect.js";
import { encodePacket, encodePuback } from "./encode-packet.js";
import { MqttError, REASON } from "./errors.js";
import { createMessageFaults } from "./message-faults.js";
import { createOutbox, type Outbox } from "./outbox.js";
import { createPacketHandler, type PacketHandlerOptions } from "./packet-handler.js";
import { createPresence, type DisconnectReason, type Presence } from "./presence.js";
import { publishRefusal } from "./publish-handler.js";

export interface ConnectedClientOptions {
  broker: Broker;
  access: Access;
  faults: FaultSource;
  /**
   * Answers a request on a reserved topic. `certificateId` is that of the client's certificate; absent if it has none.
   */
  answerRequest: (
    topic: string,
    payload: Uint8Array,
    certificateId: string | undefined,
  ) => ReturnType<PacketHandlerOptions["answerRequest"]>;
  /** The stand-in's time, for the expiry of messages and sessions. */
  clock: Clock;
  log: Log;
}

/** What a connected client needs of its connection. */
export interface Carrier {
  /** Identifies the connection to the broker. */
  readonly link: Link;
  isOpen(): boolean;
  sendBytes(bytes: Buffer): void;
}

/** A client from its accepted CONNECT until its connection ends. */
export class ConnectedClient {
  readonly terms: ConnectionTerms;
  readonly outbox: Outbox;
  /** Handles all packets except CONNECT and DISCONNECT. */
  readonly handlePacket: (packet: Packet) => void;
  readonly #options: ConnectedClientOptions;
  readonly #carrier: Carrier;
  readonly #client: Client;
  readonly #sessionPresent: boolean;
  readonly #permissions: Permissions;
  readonly #presence: Presence;

  /** Attaches the client to the broker, which ends an older connection of the same client id. */
  constructor(terms: ConnectionTerms, carrier: Carrier, options: ConnectedClientOptions) {
    const { access, broker, clock, faults, log } = options;
    const { link } = carrier;
    const { clientId, version } = terms;
    const { certificateId, sourceIp } = access;
    const { client, sessionPresent } = broker.attach(terms, link);
    const permissions = access.permissions(terms);
    const applyFaults = createMessageFaults({
      faults,
      clock,
      clientId,
      isOpen: () => carrier.isOpen(),
      breakConnection: () => link.breakConnection(),
    });
    this.terms = terms;
    this.#options = options;
    this.#carrier = carrier;
    this.#client = client;
    this.#sessionPresent = sessionPresent;
    this.#permissions = permissions;
    this.#presence = createPresence({ clientId, certificateId, sourceIp, nowMs: clock.nowMs });
    this.outbox = createOutbox({
      session: client.session,
      terms,
      permissions,
      applyFaults,
      sendBytes: (bytes) => carrier.sendBytes(bytes),
      clock,
      log,
    });
    this.handlePacket = createPacketHandler({
      version,
      client,
      permissions,
      broker,
      outbox: this.outbox,
      applyFaults,
      answerRequest: (topic, payload) => options.answerRequest(topic, payload, certificateId),
      send: (packet) => this.send(packet),
      acknowledge: (messageId) => carrier.sendBytes(encodePuback(messageId)),
      log,
    });
  }

  /** Answers the CONNECT, publishes that the client is connected, and sends what its session holds. */
  start(): void {
    this.send(connackAccepted(this.terms, this.#sessionPresent));
    this.#options.broker.publish(this.#presence.connected());
    this.outbox.sendAgain();
    this.outbox.sendQueued();
  }

  /** Sends a packet that is not a PUBLISH. */
  send(packet: Packet): void {
    this.#carrier.sendBytes(encodePacket(packet, this.terms.version));
  }

  /** Applies the session expiry of a DISCONNECT. @throws {MqttError} if it may not have one */
  changeSessionExpiry(seconds: number): void {
    if (seconds > 0 && this.terms.sessionExpirySeconds === 0) {
      throw new MqttError(REASON.protocolError, "a session expiry must be requested in CONNECT"); // [MQTT-3.14.2-2]
    }
    this.#client.session.expirySeconds = capSessionExpiry(seconds); // shorter or longer
  }

  /** Detaches the client from the broker, and publishes that it is disconnected. */
  leave(reason: DisconnectReason, publishWill: boolean): void {
    const { broker, log } = this.#options;
    const { clientId, will } = this.terms;
    broker.detach(this.#client, this.#carrier.link, reason);
    broker.publish(this.#presence.disconnected(reason));
    if (!publishWill || will === undefined) return;
    const refusal = publishRefusal(this.#permissions, will);
    if (refusal === undefined) broker.publish(will);
    else log(`mqtt: the last will of ${clientId} is not published: ${refusal}`);
  }
}
