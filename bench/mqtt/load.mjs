// Generates MQTT load in a process of its own, so that its work does not count as the server's. Uses raw sockets and
// ready-made packets of MQTT 3.1.1. Started with `fork`; each message `{op, ...}` gets one answer `{seconds}`.
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";
import {
  acknowledgment,
  connectPacket,
  packetSize,
  publishPacket,
  setPacketId,
  subscribePacket,
} from "./packets.mjs";

const PACKET_ID_MAX = 0xffff;
/** @type {Connection[]} */
let open = [];
/** Session of a TLS connection, for a connection that resumes it. */
let tlsSession;

const operations = { connect: connectAll, publish: publishAll, disconnect: disconnectAll };

process.on("message", async ({ op, ...options }) => {
  try {
    const startedNs = process.hrtime.bigint();
    await operations[op](options);
    process.send?.({ seconds: Number(process.hrtime.bigint() - startedNs) / 1e9 });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});

/** Opens `count` connections, `width` of them at a time, and keeps them. */
async function connectAll({ port, tls, count, width, resume = false, prefix }) {
  // The stand-in does not resume sessions of TLS 1.3.
  const secureContext = tls && createSecureContext(resume ? { ...tls, maxVersion: "TLSv1.2" } : tls);
  if (resume) await makeSession(port, secureContext);
  const first = open.length;
  await inParallel(count, width, async (index) => {
    const socket = openSocket(port, secureContext, resume);
    open[first + index] = await Connection.open(socket, `${prefix}-${index}`);
    if (secureContext !== undefined && resume && !socket.isSessionReused()) throw new Error("not resumed");
  });
}

function openSocket(port, secureContext, resume) {
  const to = { port, host: "127.0.0.1", noDelay: true };
  if (secureContext === undefined) return connectTcp(to);
  const socket = connectTls({
    ...to,
    secureContext,
    checkServerIdentity: () => undefined,
    ...(resume && { session: tlsSession }),
  });
  socket.setNoDelay(true);
  return socket;
}

async function makeSession(port, secureContext) {
  const socket = openSocket(port, secureContext, false);
  [tlsSession] = await once(socket, "session");
  socket.destroy();
}

/** Publishes `each` messages of QoS 1 on every one of `publishers` connections, `inFlight` at a time. */
async function publishAll({ publishers, each, inFlight, subscribed = false }) {
  if (subscribed)
    await Promise.all(
      open.slice(publishers, 2 * publishers).map((peer, index) => peer.subscribe(`dt/${index}/state`)),
    );
  await Promise.all(
    open.slice(0, publishers).map((from, index) => from.publish(`dt/${index}/state`, each, inFlight)),
  );
}

/** Sends DISCONNECT on all connections, and waits until the server has closed them. */
async function disconnectAll() {
  const connections = open;
  open = [];
  await Promise.all(connections.map((each) => each.disconnect()));
}

class Connection {
  #socket;
  #held = Buffer.alloc(0);
  #answered = () => undefined;

  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (error) => {
      process.stderr.write(`load: ${error.message}\n`);
    });
  }

  static async open(socket, clientId) {
    const connection = new Connection(socket);
    const accepted = connection.#answer(1);
    socket.write(connectPacket(clientId));
    await accepted;
    return connection;
  }

  async subscribe(filter) {
    const accepted = this.#answer(1);
    this.#socket.write(subscribePacket(filter));
    await accepted;
  }

  /** Keeps `inFlight` messages unacknowledged until `total` are acknowledged. */
  publish(topic, total, inFlight) {
    const message = publishPacket(topic, '{"n":123456}');
    let sent = 0;
    let acknowledged = 0;
    const send = (wanted) => {
      const count = Math.min(wanted, total - sent);
      if (count === 0) return;
      const batch = Buffer.allocUnsafe(count * message.length);
      for (let index = 0; index < count; index += 1) {
        sent += 1;
        setPacketId(message, ((sent - 1) % PACKET_ID_MAX) + 1).copy(batch, index * message.length);
      }
      this.#socket.write(batch);
    };
    return new Promise((resolve) => {
      this.#answered = (count) => {
        acknowledged += count;
        if (acknowledged === total) resolve();
        else send(count);
      };
      send(inFlight);
    });
  }

  async disconnect() {
    const closed = once(this.#socket, "close");
    this.#socket.end(Buffer.from([0xe0, 0]));
    await closed;
  }

  /** Resolves when `count` packets that are not messages have come. */
  #answer(count) {
    return new Promise((resolve) => {
      let left = count;
      this.#answered = (come) => {
        left -= come;
        if (left <= 0) resolve();
      };
    });
  }

  #receive(chunk) {
    let held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let answers = 0;
    const acknowledgments = [];
    for (;;) {
      const sizeBytes = packetSize(held);
      if (sizeBytes === undefined || sizeBytes > held.length) break;
      if (held[0] >> 4 === 3) acknowledgments.push(acknowledgment(held.subarray(0, sizeBytes)));
      else answers += 1;
      held = held.subarray(sizeBytes);
    }
    this.#held = held;
    if (acknowledgments.length > 0) this.#socket.write(Buffer.concat(acknowledgments));
    if (answers > 0) this.#answered(answers);
  }
}

/** Calls `work` with 0 to `count` - 1, for `width` of them at a time. */
async function inParallel(count, width, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}
