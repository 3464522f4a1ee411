import type { Packet } from "mqtt-packet";
import { MqttError, REASON } from "./errors.js";
import { handlePublish, type Publisher } from "./publish-handler.js";
import { acknowledge } from "./session.js";
import { type Subscriber, subscribe, unsubscribe } from "./subscription-handler.js";

/**
 * Handles any packet of a connected client except CONNECT and DISCONNECT.
 * @throws {MqttError} if the packet violates a rule, a limit or a policy; the connection must then end
 */
export function handlePacket(packet: Packet, from: Publisher & Subscriber): void {
  switch (packet.cmd) {
    case "publish":
      handlePublish(packet, from);
      break;
    case "puback":
      acknowledge(from.session, packet.messageId ?? 0);
      from.outbox.sendQueued();
      break;
    case "subscribe":
      subscribe(packet, from);
      break;
    case "unsubscribe":
      unsubscribe(packet, from);
      break;
    case "pingreq":
      from.send({ cmd: "pingresp" });
      break;
    default:
      throw new MqttError(REASON.protocolError, `a client must not send ${packet.cmd}`);
  }
}
