import type { Packet } from "mqtt-packet";
import { MqttError, REASON } from "./errors.js";

/** @throws {MqttError} if the packet id is missing or 0 [MQTT-2.2.1-3] */
export function requirePacketId(packet: Packet): number {
  if (packet.messageId === undefined || packet.messageId < 1) {
    throw new MqttError(REASON.protocolError, `${packet.cmd} without a packet id`);
  }
  return packet.messageId;
}
