import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** Faults of the broker. */
export interface BrokerScript {
  /** Reason code of the CONNACK; "close" closes the connection instead, "silence" does not answer. */
  connect?: number | "close" | "silence";
  /** Reason code for every filter of a SUBSCRIBE. */
  subscribe?: number;
  /** The topic that `subscribe` refuses. Default: all of them. */
  refused?: string;
  /** Accepts messages without a PUBACK. */
  holdAcknowledgements?: boolean;
}

/**
 * The parts of MQTT 5 that one client needs, written from the OASIS standard and independent of MQTT.js, with refusals
 * and losses on demand.
 */
export class ScriptedBroker {
  script: BrokerScript = {};
  readonly subscribed: string[][] = [];
  /** How many packets each kind of request took. */
  readonly packets = { subscribe: 0, unsubscribe: 0 };
  readonly published: { topic: string; payload: string }[] = [];
  connects = 0;
  /** Of the last CONNECT. */
  session: { cleanStart: boolean; expirySeconds: number } | undefined;
  disconnects = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watchers = new Set<() => void>();

  private constructor(tls?: TlsOptions) {
    const serve = (socket: Socket) => this.#serve(socket);
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  }

  static async start(tls?: TlsOptions): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(tls);
    broker.#server.listen(0, "127.0.0.1");
    await once(broker.#server, "listening");
    return broker;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Resolves when `condition` is true. Checks it at each event. */
  async until(condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Sends a message at QoS 0 to every connection. */
  send(topic: string, payload: string): void {
    this.#toAll(packet(0x30, text(topic), [0], Buffer.from(payload)));
  }

  /** Acts as if another client used the client id: sends DISCONNECT 0x8E and closes the connection. */
  takeOver(): void {
    this.#toAll(packet(0xe0, [0x8e, 0]));
    for (const socket of this.#sockets) socket.end();
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #toAll(bytes: Buffer): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#happened();
    });
    let unread = Buffer.alloc(0);
    socket.on("data", (piece) => {
      // A TLS client at a plain port: CONNACK "malformed packet", and the end.
      if (unread.length === 0 && piece[0] === 0x16) return void socket.end(packet(0x20, [0, 0x81, 0]));
      unread = Buffer.concat([unread, piece]);
      for (let read = readPacket(unread); read !== undefined; read = readPacket(unread)) {
        unread = unread.subarray(read.length);
        this.#take(socket, read.type, read.body);
        this.#happened();
      }
    });
  }

  #take(socket: Socket, type: number, body: Buffer): void {
    switch (type) {
      case 1:
        this.#takeConnect(socket, body);
        break;
      case 3:
        this.#takePublish(socket, body);
        break;
      case 8:
        this.#takeSubscribe(socket, body);
        break;
      case 10:
        this.packets.unsubscribe += 1;
        socket.write(
          packet(
            0xb0,
            body.subarray(0, 2),
            [0],
            filtersIn(body).map(() => 0),
          ),
        );
        break;
      case 12:
        socket.write(packet(0xd0));
        break;
      case 14:
        this.disconnects += 1;
        socket.end();
    }
  }

  #takeConnect(socket: Socket, body: Buffer): void {
    this.connects += 1;
    // MQTT 5, 3.1.2: name and level, flags at 7, keep alive, then the properties, of which 0x11 is the expiry
    const expiry = (body[10] ?? 0) > 0 && body[11] === 0x11 ? body.readUInt32BE(12) : 0;
    this.session = { cleanStart: ((body[7] ?? 0) & 2) !== 0, expirySeconds: expiry };
    const answer = this.script.connect ?? 0;
    if (answer === "silence") return;
    if (answer !== "close") socket.write(packet(0x20, [0, answer, 0]));
    if (answer !== 0) socket.end();
  }

  #takePublish(socket: Socket, body: Buffer): void {
    const topicEnd = 2 + body.readUInt16BE(0);
    const payload = body.subarray(topicEnd + 3 + (body[topicEnd + 2] ?? 0)).toString();
    this.published.push({ topic: body.subarray(2, topicEnd).toString(), payload });
    if (!this.script.holdAcknowledgements) socket.write(packet(0x40, body.subarray(topicEnd, topicEnd + 2)));
  }

  #takeSubscribe(socket: Socket, body: Buffer): void {
    this.packets.subscribe += 1;
    const filters = filtersIn(body, 1);
    const { subscribe = 1, refused } = this.script;
    this.subscribed.push(filters);
    socket.write(
      packet(
        0x90,
        body.subarray(0, 2),
        [0],
        filters.map((filter) => (filter === (refused ?? filter) ? subscribe : 1)),
      ),
    );
  }

  #happened(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

type Bytes = Uint8Array | readonly number[];

/** A control packet whose rest is shorter than 128 bytes: its length is one byte. */
function packet(first: number, ...parts: Bytes[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([first, body.length]), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function readPacket(bytes: Buffer): { type: number; body: Buffer; length: number } | undefined {
  let size = 0;
  for (let at = 1; at < bytes.length && at < 5; at += 1) {
    const byte = bytes[at] ?? 0;
    size += (byte & 127) * 128 ** (at - 1);
    if (byte >= 128) continue;
    const length = at + 1 + size;
    if (bytes.length < length) return undefined;
    return { type: (bytes[0] ?? 0) >> 4, body: bytes.subarray(at + 1, length), length };
  }
  return undefined;
}

/** Returns the filters of a SUBSCRIBE or UNSUBSCRIBE (MQTT 5, 3.8.3 and 3.10.3). After each come `optionBytes` of options. */
function filtersIn(body: Buffer, optionBytes = 0): string[] {
  const filters: string[] = [];
  for (let at = 3 + (body[2] ?? 0); at < body.length; ) {
    const end = at + 2 + body.readUInt16BE(at);
    filters.push(body.subarray(at + 2, end).toString());
    at = end + optionBytes;
  }
  return filters;
}
