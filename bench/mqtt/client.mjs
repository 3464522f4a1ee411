// An MQTT 3.1.1 client that does as little as possible, so that a benchmark measures the broker and not the client.
import { connect as connectSocket } from "node:net";
import {
  acknowledgment,
  connectPacket,
  packetSize,
  publishPacket,
  readPublish,
  setPacketId,
  subscribePacket,
} from "./packets.mjs";

const CONNACK = 2;
const PUBLISH = 3;

/**
 * Resolves when the broker has accepted the connection. `onMessage(topic, payload)` gets the messages, as text.
 *
 * @returns {Promise<{publish(topic: string, payload: string): void, subscribe(filter: string): void, close(): void}>}
 */
export function mqttClient({ port, clientId, onMessage }) {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ port, host: "127.0.0.1", noDelay: true });
    let lastId = 0;
    let held = Buffer.alloc(0);
    const client = {
      publish: (topic, payload) => {
        lastId = (lastId % 0xffff) + 1;
        socket.write(setPacketId(publishPacket(topic, payload), lastId));
      },
      subscribe: (filter) => socket.write(subscribePacket(filter)),
      close: () => socket.destroy(),
    };
    socket.write(connectPacket(clientId));
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
      if (type === CONNACK) {
        if (bytes[3] === 0) resolve(client);
        else reject(new Error(`${clientId}: refused with ${bytes[3]}`));
      } else if (type === PUBLISH) {
        socket.write(acknowledgment(bytes));
        const { topic, payload } = readPublish(bytes);
        onMessage(topic, payload);
      }
    }
  });
}
