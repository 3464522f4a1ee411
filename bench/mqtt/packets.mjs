// The packets of MQTT 3.1.1 that the benchmarks use.

export function connectPacket(clientId) {
  // MQTT, level 4, Clean Session, keep-alive 300 s
  return packet(0x10, Buffer.from("00044d5154540402012c", "hex"), text(clientId));
}

/** Returns a SUBSCRIBE of QoS 1 with packet id 1. */
export function subscribePacket(filter) {
  return packet(0x82, Buffer.from([0, 1]), text(filter), Buffer.from([1]));
}

/** Returns a PUBLISH of QoS 1 with packet id 1. */
export function publishPacket(topic, payload) {
  return packet(0x32, text(topic), Buffer.from([0, 1]), Buffer.from(payload));
}

/** Sets the packet id of a PUBLISH of QoS 1. Returns the packet. */
export function setPacketId(publish, id) {
  publish.writeUInt16BE(id, topicRange(publish).end);
  return publish;
}

/** Returns the PUBACK of a PUBLISH of QoS 1. */
export function acknowledgment(publish) {
  const { end } = topicRange(publish);
  return Buffer.from([0x40, 2, publish[end], publish[end + 1]]);
}

/** Returns topic and payload of a PUBLISH, as text. */
export function readPublish(publish) {
  const { start, end } = topicRange(publish);
  const qos = (publish[0] >> 1) & 3;
  return {
    topic: publish.toString("utf8", start, end),
    payload: publish.toString("utf8", end + (qos > 0 ? 2 : 0)),
  };
}

/** Returns where the topic of a PUBLISH is. */
function topicRange(publish) {
  let lengthEnd = 1;
  while (publish[lengthEnd] > 0x7f) lengthEnd += 1;
  const start = lengthEnd + 3;
  return { start, end: start + publish.readUInt16BE(start - 2) };
}

/** Returns the size of the packet at the start of `bytes`; `undefined` if its header is incomplete. */
export function packetSize(bytes) {
  let remaining = 0;
  for (let index = 1; index < bytes.length && index <= 4; index += 1) {
    remaining += (bytes[index] & 0x7f) << (7 * (index - 1));
    if (bytes[index] < 0x80) return index + 1 + remaining;
  }
  return undefined;
}

function packet(head, ...parts) {
  const body = Buffer.concat(parts);
  const length = [];
  for (let left = body.length; ; left = left >> 7) {
    length.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
    if (left <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([head, ...length]), body]);
}

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}
