// An MQTT 3.1.1 client that does as little as possible, so that a benchmark measures the broker and not the client.
import { connect as connectSocket } from "node:net";

const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const SUBACK = 9;

/**
 * Resolves when the broker has accepted the connection. `onMessage(topic, payload)` gets what comes.
 *
 * @returns {Promise<{publish(topic: string, payload: string): Promise<void>, subscribe(filter: string): Promise<void>,
 *   close(): void}>} publish (QoS 1) and subscribe resolve when the broker has acknowledged
 */
export function loadClient({ port, clientId, onMessage = () => undefined }) {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ port, host: "127.0.0.1", noDelay: true });
    const waiting = new Map();
    let lastId = 0;
    let held = Buffer.alloc(0);

    const acknowledged = (head, parts) =>
      new Promise((done) => {
        lastId = (lastId % 0xffff) + 1;
        waiting.set(lastId, done);
        socket.write(packet(head, ...parts(lastId)));
      });
    const client = {
      publish: (topic, payload) =>
        acknowledged(0x32, (id) => [text(topic), uint16(id), Buffer.from(payload)]),
      subscribe: (filter) => acknowledged(0x82, (id) => [uint16(id), text(filter), Buffer.from([1])]),
      close: () => socket.destroy(),
    };

    socket.once("connect", () => {
      const head = Buffer.from("00044d5154540402012c", "hex"); // MQTT, level 4, Clean Session, keep-alive 300 s
      socket.write(packet(0x10, head, text(clientId)));
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`${clientId}: the broker closed the connection`)));
    socket.on("data", (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      for (let size = packetSize(held); size !== undefined && size <= held.length; size = packetSize(held)) {
        take(held.subarray(0, size));
        held = held.subarray(size);
      }
    });

    function take(bytes) {
      const type = bytes[0] >> 4;
      const body = bytes.subarray(bytes.findIndex((byte, index) => index > 0 && byte < 0x80) + 1);
      if (type === CONNACK) {
        if (body[1] === 0) resolve(client);
        else reject(new Error(`${clientId}: refused with ${body[1]}`));
      } else if (type === PUBACK || type === SUBACK) {
        const id = body.readUInt16BE(0);
        waiting.get(id)?.();
        waiting.delete(id);
      } else if (type === PUBLISH) {
        const end = 2 + body.readUInt16BE(0);
        const qos = (bytes[0] >> 1) & 3;
        if (qos === 1) socket.write(packet(0x40, body.subarray(end, end + 2)));
        onMessage(body.toString("utf8", 2, end), body.toString("utf8", end + (qos === 1 ? 2 : 0)));
      }
    }
  });
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

function packetSize(bytes) {
  let remaining = 0;
  for (let index = 1; index < bytes.length && index <= 4; index += 1) {
    remaining += (bytes[index] & 0x7f) << (7 * (index - 1));
    if (bytes[index] < 0x80) return index + 1 + remaining;
  }
  return undefined;
}

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value) {
  return Buffer.from([value >> 8, value & 0xff]);
}
