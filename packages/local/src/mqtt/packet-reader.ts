import { messageOf } from "@fota/shared";
import { type Packet, parser } from "mqtt-packet";
import { MqttError, REASON } from "./errors.js";
import { PACKET_MAX_BYTES } from "./limits.js";

/**
 * Returns a function that splits received bytes into packets and calls `onPacket` for each. It passes the parser one
 * whole packet at a time: on its own, the parser would buffer up to 256 MB for an announced packet, and read past the end
 * of a malformed one.
 *
 * The function throws an MqttError for a malformed packet, or one over `PACKET_MAX_BYTES`; do not call it again then.
 */
export function createPacketReader(onPacket: (packet: Packet) => void): (chunk: Buffer) => void {
  const packets = parser();
  let parsed: Packet | undefined;
  let failure: unknown;
  packets.on("packet", (packet) => {
    parsed = packet;
  });
  packets.on("error", (error) => {
    failure ??= error;
  });

  let chunks: Buffer[] = [];
  let heldBytes = 0;
  let neededBytes = 2;
  return (chunk) => {
    chunks.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < neededBytes) return;
    let held = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    for (;;) {
      neededBytes = packetSize(held) ?? held.length + 1;
      if (held.length < neededBytes) break;
      onPacket(parse(held.subarray(0, neededBytes)));
      held = held.subarray(neededBytes);
    }
    chunks = [held];
    heldBytes = held.length;
  };

  function parse(bytes: Buffer): Packet {
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
  }
}

/**
 * Returns the size in bytes, with header, of the packet at the start of `bytes`; `undefined` if its header is
 * incomplete.
 */
function packetSize(bytes: Buffer): number | undefined {
  let remaining = 0;
  for (let index = 1; index <= 4; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    remaining += (byte & 0x7f) * 128 ** (index - 1);
    if ((byte & 0x80) !== 0) continue;
    const sizeBytes = index + 1 + remaining;
    if (sizeBytes > PACKET_MAX_BYTES) {
      throw new MqttError(
        REASON.packetTooLarge,
        `a packet has ${sizeBytes} bytes, at most ${PACKET_MAX_BYTES} are allowed`,
      );
    }
    return sizeBytes;
  }
  throw new MqttError(REASON.malformedPacket, "malformed packet: its length has more than four bytes"); // [MQTT-1.5.5-1]
}
