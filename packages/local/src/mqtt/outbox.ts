import { generate, type IPublishPacket } from "mqtt-packet";
import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import type { Permissions } from "../policies/permissions.js";
import type { ConnectionTerms } from "./connect.js";
import { deliveredProperties } from "./message.js";
import type { MessageFaults } from "./message-faults.js";
import { acknowledge, type Delivery, type Session, takeSendable } from "./session.js";

/** Messages on their way to a connected client. */
export interface Outbox {
  /** Sends one of QoS 0. */
  send(delivery: Delivery): void;
  /** Sends what the session's queue holds and the client takes. */
  sendQueued(): void;
  /** Sends again what an earlier connection left unacknowledged [MQTT-4.4.0-1]. */
  sendAgain(): void;
}

export interface OutboxOptions {
  session: Session;
  terms: ConnectionTerms;
  permissions: Permissions;
  passing: MessageFaults;
  sendBytes: (bytes: Buffer) => void;
  clock: Clock;
  log: Log;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { session, terms, permissions, passing, sendBytes, clock, log } = options;

  /** False when the client gets none of it: it takes no packet of that size [MQTT-3.1.2-25], or may not receive it. */
  function sendDelivery({ message, qos, retain }: Delivery, messageId?: number, dup = false): boolean {
    const { topic, payload } = message;
    const refusal = permissions.refusal("iot:Receive", `topic/${topic}`);
    if (refusal !== undefined) {
      log(`mqtt: ${session.clientId} gets nothing: ${refusal}`);
      return false;
    }
    const packet: IPublishPacket = { cmd: "publish", topic, payload, qos, retain, dup };
    if (messageId !== undefined) packet.messageId = messageId;
    if (terms.version === 5) packet.properties = deliveredProperties(message, clock.nowMs());
    const bytes = generate(packet, { protocolVersion: terms.version });
    if (bytes.length > terms.maximumPacketSize) return false;
    passing("toClient", topic, () => sendBytes(bytes));
    return true;
  }

  /** What is not sent takes no room of what may be in flight. */
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
