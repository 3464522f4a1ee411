import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { expect, test } from "vitest";
import { decodePacket } from "./decode-packet.js";

const publish: IPublishPacket = {
  cmd: "publish",
  topic: "dt/häuser/1",
  payload: Buffer.from("on"),
  qos: 0,
  dup: false,
  retain: false,
};

/** Returns what mqtt-packet makes of the bytes, without `length`, which nothing needs. */
function parse(bytes: Buffer, protocolVersion: number): Partial<Packet> {
  let parsed: Packet | undefined;
  const packets = parser({ protocolVersion });
  packets.on("packet", (packet) => {
    parsed = packet;
  });
  packets.parse(bytes);
  const { length: _length, ...rest } = { ...parsed } as Packet;
  return rest;
}

test.each([4, 5] as const)("a PUBLISH is decoded as mqtt-packet decodes it (level %i)", (protocolVersion) => {
  const packets: IPublishPacket[] = [
    publish,
    { ...publish, qos: 1, messageId: 0xffff, dup: true, retain: true },
    { ...publish, qos: 2, messageId: 1 },
    { ...publish, payload: Buffer.alloc(0) },
    { ...publish, payload: Buffer.alloc(20_000, "x") },
    ...(protocolVersion === 5
      ? [{ ...publish, topic: "", properties: { topicAlias: 1, contentType: "text/plain" } }]
      : []),
  ];
  for (const packet of packets) {
    const bytes = generate(packet, { protocolVersion });
    expect({ ...decodePacket(bytes, protocolVersion) }).toMatchObject(parse(bytes, protocolVersion));
  }
});

test("a connection does not see what another one did to the parser", () => {
  const connect = (protocolVersion: 4 | 5) =>
    generate({ cmd: "connect", protocolId: "MQTT", protocolVersion, clientId: "c", clean: true });
  const subscriptions = [{ topic: "a", qos: 1 as const, nl: true }];
  const subscribe = generate({ cmd: "subscribe", messageId: 1, subscriptions }, { protocolVersion: 5 });
  const decoded = () => decodePacket(subscribe, 5);
  expect(decoded()).toMatchObject({ subscriptions });

  expect(decodePacket(connect(5), undefined)).toMatchObject({ cmd: "connect", protocolVersion: 5 });
  expect(decodePacket(connect(4), undefined)).toMatchObject({ cmd: "connect", protocolVersion: 4 });
  expect(decodePacket(connect(4), 5)).toMatchObject({ cmd: "connect" }); // a second CONNECT
  expect(decoded()).toMatchObject({ subscriptions });

  expect(() => decodePacket(Buffer.from([0x82, 0x01, 0x00]), 5)).toThrow("malformed packet");
  expect(decoded()).toMatchObject({ subscriptions });
});
