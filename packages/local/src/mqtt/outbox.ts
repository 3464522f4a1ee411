import type { IPublishPacket } from "mqtt-packet";
import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import type { Permissions } from "../policies/permissions.js";
import type { ConnectionTerms } from "./connect.js";
import { encodePublish } from "./encode-packet.js";
import { deliveredProperties } from "./message.js";
import type { ApplyMessageFaults } from "./message-faults.js";
import { acknowledge, type Delivery, type Session, takeSendable } from "./session.js";

/** Sends messages to a connected client. */
export interface Outbox {
  /** Sends a QoS 0 message. */
  send(delivery: Delivery): void;
  /** Sends messages of the session's queue, as many as the client accepts now. */
  sendQueued(): void;
  /** Sends again the messages that an earlier connection left unacknowledged [MQTT-4.4.0-1]. */
  sendAgain(): void;
}

export interface OutboxOptions {
  session: Session;
  terms: ConnectionTerms;
  permissions: Permissions;
  applyFaults: ApplyMessageFaults;
  sendBytes: (bytes: Buffer) => void;
  clock: Clock;
  log: Log;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { session, terms, permissions, applyFaults, sendBytes, clock, log } = options;

  /** Returns false if the client does not get the message: it is too large for it [MQTT-3.1.2-25], or not permitted. */
  function sendDelivery({ message, qos, retain }: Delivery, messageId?: number, dup = false): boolean {
    const { topic, payload } = message;
    const refusal = permissions.refusal("iot:Receive", `topic/${topic}`);
    if (refusal !== undefined) {
      log(`mqtt: a message for ${session.clientId} was dropped: ${refusal}`);
      return false;
    }
    const packet: IPublishPacket = { cmd: "publish", topic, payload, qos, retain, dup };
    if (messageId !== undefined) packet.messageId = messageId;
    if (terms.version === 5) packet.properties = deliveredProperties(message, clock.nowMs());
    const bytes = encodePublish(packet, terms.version);
    if (bytes.length > terms.maximumPacketSize) return false;
    applyFaults("toClient", topic, () => sendBytes(bytes));
    return true;
  }

  /** Sends a QoS 1 message. One that is not sent must not stay in flight. */
  function sendInFlight(packetId: number, delivery: Delivery, dup: boolean): boolean {
    const sent = sendDelivery(delivery, packetId, dup);
    if (!sent) acknowledge(session, packetId);
    return sent;
  }

  return {
    send: (delivery) => {
      sendDelivery(delivery);
    },
    sendQueued() {
      let freed: boolean;
      do {
        const taken = takeSendable(session, terms.receiveMaximum, clock.nowMs());
        freed = taken.filter(({ packetId, delivery }) => !sendInFlight(packetId, delivery, false)).length > 0;
      } while (freed);
    },
    sendAgain() {
      for (const [packetId, delivery] of session.inFlight) sendInFlight(packetId, delivery, true);
    },
  };
}
