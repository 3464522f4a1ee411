import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";

/** An MQTT client that sends any packets, valid or not, and returns what it receives. */
export interface RawClient {
  send(packet: Packet): void;
  sendBytes(bytes: Uint8Array): void;
  /** Resolves to the next received packet. Rejects if the connection ends first. */
  next(): Promise<Packet>;
  /** Resolves when the broker has closed the connection, with the packets that were not read before. */
  closed(): Promise<Packet[]>;
  /** Stops reading, so that bytes pile up at the broker. */
  pause(): void;
  /** Breaks the connection without a DISCONNECT. */
  cut(): void;
}

export async function rawClient(port: number, protocolVersion: 4 | 5): Promise<RawClient> {
  const socket = connectSocket(port, "127.0.0.1");
  await once(socket, "connect");
  const packets = parser({ protocolVersion });
  const arrived: Packet[] = [];
  const waiting: { resolve: (packet: Packet) => void; reject: (error: Error) => void }[] = [];
  packets.on("packet", (packet) => {
    const first = waiting.shift();
    if (first) first.resolve(packet);
    else arrived.push(packet);
  });
  socket.on("data", (chunk) => packets.parse(chunk));
  socket.on("error", () => socket.destroy());
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      for (const { reject } of waiting) reject(new Error("the broker closed the connection"));
      resolve();
    });
  });
  return {
    send: (packet) => socket.write(generate(packet, { protocolVersion })),
    sendBytes: (bytes) => socket.write(bytes),
    next: () =>
      new Promise((resolve, reject) => {
        const packet = arrived.shift();
        if (packet) resolve(packet);
        else if (socket.destroyed) reject(new Error("the broker has closed the connection"));
        else waiting.push({ resolve, reject });
      }),
    closed: async () => {
      await closed;
      return arrived;
    },
    pause: () => socket.pause(),
    cut: () => socket.destroy(),
  };
}

/** Opens a raw client, sends CONNECT, and returns it with the CONNACK. */
export async function connected(
  port: number,
  version: 4 | 5,
  options: Partial<IConnectPacket> = {},
): Promise<RawClient & { connack: Packet }> {
  const client = await rawClient(port, version);
  client.send({
    cmd: "connect",
    clientId: "raw",
    protocolId: "MQTT",
    protocolVersion: version,
    clean: true,
    keepalive: 60,
    ...options,
  });
  return { ...client, connack: await client.next() };
}
