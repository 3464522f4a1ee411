import { generate, type IPublishPacket, type Packet, writeToStream } from "mqtt-packet";

// mqtt-packet would make a table of 65,536 buffers with all packet ids: 7 MiB, for packets that are encoded here.
writeToStream.cacheNumbers = false;

/** Returns the bytes of a packet for a client of MQTT 3.1.1 or 5; by default 3.1.1. */
export function encodePacket(packet: Packet, version: 4 | 5 = 4): Buffer {
  return generate(packet, { protocolVersion: version });
}

/** Returns a PUBACK of success, which is the same in MQTT 3.1.1 and 5 [MQTT-3.4.2.1]. */
export function encodePuback(messageId: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes[0] = 0x40;
  bytes[1] = 2;
  bytes[2] = messageId >> 8;
  bytes[3] = messageId & 0xff;
  return bytes;
}

/**
 * Returns a PUBLISH. One without properties is encoded here, which takes a tenth of the time of mqtt-packet: it is the
 * packet that the broker sends most.
 */
export function encodePublish(packet: IPublishPacket, version: 4 | 5): Buffer {
  const { topic, payload, qos, retain, dup, messageId = 0, properties } = packet;
  if (properties !== undefined && Object.keys(properties).length > 0) return encodePacket(packet, version);
  const topicBytes = Buffer.byteLength(topic);
  const payloadBytes = Buffer.byteLength(payload);
  const remaining = 2 + topicBytes + (qos > 0 ? 2 : 0) + (version === 5 ? 1 : 0) + payloadBytes;
  const bytes = Buffer.allocUnsafe(1 + lengthBytes(remaining) + remaining);
  bytes[0] = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  let at = writeLength(bytes, 1, remaining);
  at = bytes.writeUInt16BE(topicBytes, at);
  at += bytes.write(topic, at);
  if (qos > 0) at = bytes.writeUInt16BE(messageId, at);
  if (version === 5) at = bytes.writeUInt8(0, at); // no properties
  if (typeof payload === "string") bytes.write(payload, at);
  else payload.copy(bytes, at);
  return bytes;
}

/** Returns how many bytes a Variable Byte Integer takes [MQTT-1.5.5]. */
function lengthBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 128 ** 2) return 2;
  return value < 128 ** 3 ? 3 : 4;
}

/** Writes a Variable Byte Integer; returns where it ends. */
function writeLength(bytes: Buffer, at: number, value: number): number {
  let end = at;
  for (let left = value; ; left >>= 7) {
    bytes[end] = left > 127 ? (left & 127) | 128 : left;
    end += 1;
    if (left <= 127) return end;
  }
}
