import { generate, type IPublishPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { encodePuback, encodePublish } from "./encode-packet.js";

const publish: IPublishPacket = {
  cmd: "publish",
  topic: "dt/häuser/1",
  payload: Buffer.from("on"),
  qos: 0,
  dup: false,
  retain: false,
};

test.each([4, 5] as const)(
  "a PUBLISH has the bytes that mqtt-packet gives it (level %i)",
  (protocolVersion) => {
    const packets: IPublishPacket[] = [
      publish,
      { ...publish, qos: 1, messageId: 0xffff, dup: true, retain: true },
      { ...publish, payload: "text with ü", qos: 1, messageId: 1 },
      { ...publish, payload: Buffer.alloc(0) },
      ...[126, 127, 128, 16_383, 16_384, 131_072].map((size) => ({
        ...publish,
        payload: Buffer.alloc(size, "x"),
      })),
      { ...publish, properties: {} },
      { ...publish, properties: { contentType: "text/plain" } },
    ];
    for (const packet of packets) {
      expect(encodePublish(packet, protocolVersion)).toEqual(generate(packet, { protocolVersion }));
    }
  },
);

test.each([4, 5] as const)(
  "a PUBACK has the bytes that mqtt-packet gives it (level %i)",
  (protocolVersion) => {
    for (const messageId of [1, 255, 256, 0xffff]) {
      const bytes = generate({ cmd: "puback", messageId, reasonCode: 0 }, { protocolVersion });
      expect(encodePuback(messageId)).toEqual(bytes);
    }
  },
);
