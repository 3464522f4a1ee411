import type { Packet } from "mqtt-packet";
import { decodePacket } from "./decode-packet.js";
import { MqttError, REASON } from "./errors.js";
import { PACKET_MAX_BYTES } from "./limits.js";

/**
 * Splits the bytes of one connection into packets. It decodes one whole packet at a time: on its own, mqtt-packet would
 * buffer up to 256 MB for an announced packet, and read past the end of a malformed one.
 */
export class PacketReader {
  /** Received bytes that are less than a packet. */
  #chunks: Buffer[] | undefined;
  #heldBytes = 0;
  #neededBytes = 2;
  /** As the CONNECT says. */
  #version: 4 | 5 | undefined;

  /**
   * Returns the packets that are whole now.
   *
   * @throws {MqttError} after the packets before it, for a malformed packet, or one over `PACKET_MAX_BYTES`; the reader
   *   cannot be used any more then
   */
  *read(chunk: Buffer): Generator<Packet> {
    let held = chunk;
    if (this.#chunks !== undefined) {
      this.#chunks.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes < this.#neededBytes) return;
      held = Buffer.concat(this.#chunks);
      this.#chunks = undefined;
    }
    while (held.length > 0) {
      const sizeBytes = packetSize(held);
      if (sizeBytes === undefined || held.length < sizeBytes) {
        this.#chunks = [held];
        this.#heldBytes = held.length;
        this.#neededBytes = sizeBytes ?? held.length + 1;
        return;
      }
      const packet = decodePacket(held.subarray(0, sizeBytes), this.#version);
      if (packet.cmd === "connect") this.#version = packet.protocolVersion === 5 ? 5 : 4;
      held = held.subarray(sizeBytes);
      yield packet;
    }
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
