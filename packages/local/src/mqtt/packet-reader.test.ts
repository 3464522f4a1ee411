import { generate, type Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { PacketReader } from "./packet-reader.js";

function collect(): { packets: Packet[]; read: (chunk: Buffer) => void } {
  const packets: Packet[] = [];
  const reader = new PacketReader();
  const read = (chunk: Buffer) => {
    for (const packet of reader.read(chunk)) packets.push(packet);
  };
  return { packets, read };
}

const connect = generate({
  cmd: "connect",
  clientId: "c",
  protocolId: "MQTT",
  protocolVersion: 4,
  clean: true,
});
const publish = generate({
  cmd: "publish",
  topic: "a",
  payload: "x".repeat(200),
  qos: 0,
  dup: false,
  retain: false,
});

test("packets are read whole, however their bytes arrive", () => {
  const bytes = Buffer.concat([connect, publish, publish]);
  for (const size of [1, 2, 3, 7, 200, bytes.length]) {
    const { packets, read } = collect();
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
    expect(packets.map((packet) => packet.cmd)).toEqual(["connect", "publish", "publish"]);
    expect(packets[2]).toMatchObject({ topic: "a", payload: Buffer.from("x".repeat(200)) });
  }
});

test("packets before a malformed one are read", () => {
  const { packets, read } = collect();
  expect(() => read(Buffer.concat([connect, Buffer.from([0x82, 0x01, 0x00])]))).toThrow("malformed packet");
  expect(packets.map((packet) => packet.cmd)).toEqual(["connect"]);
});

test.each([
  [
    "a packet that is larger than the broker takes",
    [0x30, 0xff, 0xff, 0x7f],
    "at most 149504 are allowed",
    0x95,
  ],
  ["a length of five bytes", [0x30, 0xff, 0xff, 0xff, 0xff], "more than four bytes", 0x81],
  ["reserved header flags", [0xc1, 0x00], "malformed packet", 0x81],
  ["packet type 0", [0x00, 0x00], "malformed packet", 0x81],
  ["a PUBLISH with QoS 3", [0x36, 0x00], "malformed packet", 0x81],
  ["a topic longer than its packet", [0x30, 0x03, 0x00, 0x09, 0x61], "malformed packet", 0x81],
  ["another protocol", [0x10, 0x06, 0x00, 0x04, 0x48, 0x54, 0x54, 0x50], "malformed packet", 0x81],
  [
    "a protocol version to come",
    [0x10, 0x07, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x06],
    "Invalid protocol",
    0x84,
  ],
])("%s is refused", (_name, bytes, message, reasonCode) => {
  const { packets, read } = collect();
  expect(() => read(Buffer.from(bytes))).toThrow(
    expect.objectContaining({ message: expect.stringContaining(message), reasonCode }),
  );
  expect(packets).toEqual([]);
});
