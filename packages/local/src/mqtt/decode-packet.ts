import { messageOf } from "@fota/shared";
import { type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { MqttError, REASON } from "./errors.js";

/** The MQTT version of a connection; `undefined` before its CONNECT. */
type Version = 4 | 5 | undefined;
type Parse = (bytes: Buffer) => Packet;

/** Parsers that all connections share, by version: between two packets, a parser holds nothing else. */
const parsers = new Map<Version, Parse>();

/**
 * Decodes one whole packet; `bytes` must have as many bytes as its header says. The payload of a PUBLISH is a part of
 * `bytes`.
 *
 * @throws {MqttError} for a malformed packet
 */
export function decodePacket(bytes: Buffer, version: Version): Packet {
  const message = decodePublish(bytes, version);
  if (message !== undefined) return message;
  const parse = parsers.get(version) ?? createParser(version);
  parsers.delete(version); // one that fails is not used again
  const packet = parse(bytes);
  // A second CONNECT, which is not allowed, would change the version of its parser.
  if (version === undefined || packet.cmd !== "connect") parsers.set(version, parse);
  return packet;
}

/**
 * Decodes a PUBLISH without properties: the packet that clients send most, and mqtt-packet takes ten times as long for
 * it. Returns `undefined` for another or a malformed packet.
 */
function decodePublish(bytes: Buffer, version: Version): IPublishPacket | undefined {
  const head = bytes[0] ?? 0;
  const qos = (head >> 1) & 3;
  if (head >> 4 !== 3 || qos === 3) return undefined;
  let at = 1;
  while (((bytes[at] ?? 0) & 0x80) !== 0) at += 1;
  at += 1;
  if (at + 2 > bytes.length) return undefined;
  const topicEnd = at + 2 + bytes.readUInt16BE(at);
  const idEnd = topicEnd + (qos > 0 ? 2 : 0);
  const payloadAt = idEnd + (version === 5 ? 1 : 0);
  if (payloadAt > bytes.length || (version === 5 && bytes[idEnd] !== 0)) return undefined;
  const packet: IPublishPacket = {
    cmd: "publish",
    topic: bytes.toString("utf8", at + 2, topicEnd),
    payload: bytes.subarray(payloadAt),
    qos: qos as 0 | 1 | 2,
    dup: (head & 8) !== 0,
    retain: (head & 1) !== 0,
  };
  if (qos > 0) packet.messageId = bytes.readUInt16BE(topicEnd);
  return packet;
}

function createParser(version: Version): Parse {
  const packets = parser(version && { protocolVersion: version });
  let parsed: Packet | undefined;
  let failure: unknown;
  packets.on("packet", (packet) => {
    parsed = packet;
  });
  packets.on("error", (error) => {
    failure ??= error;
  });
  return (bytes) => {
    parsed = undefined;
    try {
      packets.parse(bytes);
    } catch (error) {
      failure ??= error;
    }
    if (parsed !== undefined && failure === undefined) return parsed;
    const reason = messageOf(failure ?? "it ends too early");
    const code =
      reason === "Invalid protocol version" ? REASON.unsupportedProtocolVersion : REASON.malformedPacket;
    throw new MqttError(code, `malformed packet: ${reason}`);
  };
}
