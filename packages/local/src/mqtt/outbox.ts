import type { IPublishPacket } from "mqtt-packet";
import type { Log } from "../log.js";
import type { Permissions } from "../policies/permissions.js";
import type { ConnectionTerms } from "./connect.js";
import { encodePublish } from "./encode-packet.js";
import { deliveredProperties } from "./message.js";
import { applyMessageFaults, type FaultyConnection } from "./message-faults.js";
import { acknowledge, type Delivery, type Session, takeSendable } from "./session.js";

/** The connected client that an outbox sends to. */
export interface Recipient extends FaultyConnection {
  readonly session: Session;
  readonly terms: ConnectionTerms;
  readonly permissions: Permissions;
  readonly log: Log;
  sendBytes(bytes: Buffer): void;
}

/** Sends messages to a connected client. */
export class Outbox {
  readonly #to: Recipient;
  /** What an earlier connection left unacknowledged, and this one has not sent again. */
  readonly #toSendAgain: [packetId: number, delivery: Delivery][];

  constructor(to: Recipient) {
    this.#to = to;
    this.#toSendAgain = [...to.session.inFlight];
  }

  /** Sends a QoS 0 message. */
  send(delivery: Delivery): void {
    this.#send(delivery);
  }

  /**
   * Sends QoS 1 messages, as many as the client accepts now: first again what an earlier connection left unacknowledged,
   * then messages of the session's queue.
   */
  sendQueued(): void {
    const { session, terms, clock } = this.#to;
    if (this.#toSendAgain.length > 0) this.#sendAgain();
    if (session.queue.length === 0) return;
    let freed: boolean;
    do {
      const taken = takeSendable(session, terms.receiveMaximum, clock.nowMs());
      freed =
        taken.filter(({ packetId, delivery }) => !this.#sendInFlight(packetId, delivery, false)).length > 0;
    } while (freed);
  }

  /** Source: [MQTT-4.4.0-1], and [MQTT-3.3.4-9] for the limit. */
  #sendAgain(): void {
    const { session, terms } = this.#to;
    while (session.inFlight.size - this.#toSendAgain.length < terms.receiveMaximum) {
      const [packetId, delivery] = this.#toSendAgain.shift() ?? [];
      if (packetId === undefined || delivery === undefined) return;
      this.#sendInFlight(packetId, delivery, true);
    }
  }

  /** Sends a QoS 1 message. One that is not sent must not stay in flight. */
  #sendInFlight(packetId: number, delivery: Delivery, dup: boolean): boolean {
    const sent = this.#send(delivery, packetId, dup);
    if (!sent) acknowledge(this.#to.session, packetId);
    return sent;
  }

  /** Returns false if the client does not get the message: it is too large for it [MQTT-3.1.2-25], or not permitted. */
  #send({ message, qos, retain }: Delivery, messageId?: number, dup = false): boolean {
    const { terms, permissions, clock, log } = this.#to;
    const { topic, payload } = message;
    const refusal = permissions.refusal("iot:Receive", `topic/${topic}`);
    if (refusal !== undefined) {
      log(`mqtt: a message for ${terms.clientId} was dropped: ${refusal}`);
      return false;
    }
    const packet: IPublishPacket = { cmd: "publish", topic, payload, qos, retain, dup };
    if (messageId !== undefined) packet.messageId = messageId;
    if (terms.version === 5) packet.properties = deliveredProperties(message, clock.nowMs());
    const bytes = encodePublish(packet, terms.version);
    if (bytes.length > terms.maximumPacketSize) return false;
    applyMessageFaults(this.#to, "toClient", topic, () => this.#to.sendBytes(bytes));
    return true;
  }
}
