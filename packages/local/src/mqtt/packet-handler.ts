import type { Packet } from "mqtt-packet";
import { MqttError, REASON } from "./errors.js";
import { PublishHandler, type PublishHandlerOptions } from "./publish-handler.js";
import { acknowledge } from "./session.js";
import { type SubscriptionOptions, subscribe, unsubscribe } from "./subscription-handler.js";

export type PacketHandlerOptions = PublishHandlerOptions & SubscriptionOptions;

/**
 * Returns a function that handles the packets of a connected client. That function throws an MqttError if a packet
 * violates a rule, a limit or a policy; the connection must then end.
 */
export function createPacketHandler(options: PacketHandlerOptions): (packet: Packet) => void {
  const { client, outbox, send } = options;
  const publishHandler = new PublishHandler(options);
  return (packet) => {
    switch (packet.cmd) {
      case "publish":
        publishHandler.handle(packet);
        break;
      case "puback":
        acknowledge(client.session, packet.messageId ?? 0);
        outbox.sendQueued();
        break;
      case "subscribe":
        subscribe(packet, options);
        break;
      case "unsubscribe":
        unsubscribe(packet, options);
        break;
      case "pingreq":
        send({ cmd: "pingresp" });
        break;
      default:
        throw new MqttError(REASON.protocolError, `a client must not send ${packet.cmd}`);
    }
  };
}
