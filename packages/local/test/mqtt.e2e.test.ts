import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { generate, type IPublishPacket, type ISubscribePacket } from "mqtt-packet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MovableClock } from "../src/clock.js";
import { createFaults } from "../src/faults/faults.js";
import type { Listening } from "../src/listening.js";
import { manualClock } from "../src/movable-clock.js";
import { type Broker, createBroker } from "../src/mqtt/broker.js";
import { type ConnectionRegistry, createConnectionRegistry } from "../src/mqtt/connection-registry.js";
import { textMessage as brokerMessage } from "../src/mqtt/message.js";
import { serveMqtt } from "../src/mqtt/server.js";
import { connected, type RawClient, rawClient } from "./support/raw-client.js";

let broker: Broker;
let connections: ConnectionRegistry;
let server: Listening;
let clock: MovableClock;
let socketClock: MovableClock;
let log: string[];
const clients: MqttClient[] = [];

beforeEach(async () => {
  clock = manualClock();
  socketClock = manualClock();
  log = [];
  broker = createBroker({ clock, log: (line) => log.push(line) });
  const options = { broker, clock, socketClock, log: (line: string) => log.push(line) };
  connections = createConnectionRegistry({
    ...options,
    faults: createFaults(),
    answerRequest: async (topic, payload) => ({
      topic: `${topic}/accepted`,
      payload: `echo ${Buffer.from(payload)}`,
    }),
  });
  const mayDoAll = { refusal: () => undefined, permissions: () => ({ refusal: () => undefined }) };
  server = await serveMqtt({
    ...options,
    connections,
    host: "127.0.0.1",
    port: 0,
    accessOf: () => mayDoAll,
  });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  connections.shutDown();
  await server.close();
});

async function client(options: IClientOptions): Promise<MqttClient> {
  const made = await connectAsync(`mqtt://127.0.0.1:${server.port}`, { reconnectPeriod: 0, ...options });
  clients.push(made);
  return made;
}

/** Resolves to the next message of a client, as text. */
function message(of: MqttClient): Promise<{ topic: string; text: string; packet: IPublishPacket }> {
  return new Promise((resolve) => {
    of.once("message", (topic, payload, packet) => resolve({ topic, text: payload.toString(), packet }));
  });
}

function publishPacket(
  topic: string,
  payload: string | Buffer,
  more: Partial<IPublishPacket> = {},
): IPublishPacket {
  return { cmd: "publish", topic, payload, qos: 0, dup: false, retain: false, ...more };
}

function subscribePacket(topics: string[], qos: 0 | 1 | 2 = 1): ISubscribePacket {
  return { cmd: "subscribe", messageId: 1, subscriptions: topics.map((topic) => ({ topic, qos })) };
}

describe("a real client", () => {
  test.each([4, 5] as const)(
    "of protocol level %i publishes, subscribes and unsubscribes",
    async (protocolVersion) => {
      const subscriber = await client({ protocolVersion, clientId: "subscriber" });
      const publisher = await client({ protocolVersion, clientId: "publisher" });
      await subscriber.subscribeAsync("dt/+/state", { qos: 1 });

      const atQos1 = message(subscriber);
      await publisher.publishAsync("dt/one/state", "on", { qos: 1 });
      expect(await atQos1).toMatchObject({ topic: "dt/one/state", text: "on", packet: { qos: 1 } });

      const atQos0 = message(subscriber);
      await publisher.publishAsync("dt/two/state", "off", { qos: 0 });
      expect(await atQos0).toMatchObject({ topic: "dt/two/state", text: "off", packet: { qos: 0 } });

      await subscriber.unsubscribeAsync("dt/+/state");
      await subscriber.subscribeAsync("dt/last", { qos: 1 });
      const afterwards = message(subscriber);
      await publisher.publishAsync("dt/three/state", "missed", { qos: 1 });
      await publisher.publishAsync("dt/last", "seen", { qos: 1 });
      expect((await afterwards).text).toBe("seen");
    },
  );

  test("of one version reaches one of the other; properties reach only MQTT 5", async () => {
    const old = await client({ protocolVersion: 4, clientId: "old" });
    const modern = await client({ protocolVersion: 5, clientId: "modern" });
    const modernToo = await client({ protocolVersion: 5, clientId: "modern-too" });
    await Promise.all([old, modernToo].map((each) => each.subscribeAsync("dt/x", { qos: 1 })));
    const both = Promise.all([message(old), message(modernToo)]);
    const properties = {
      contentType: "text/plain",
      responseTopic: "dt/answer",
      correlationData: Buffer.from("7"),
      userProperties: { a: ["1", "2"], b: "3" },
      messageExpiryInterval: 60,
      payloadFormatIndicator: true,
    };
    await modern.publishAsync("dt/x", "hello", { qos: 1, properties });
    const [atOld, atModern] = await both;
    expect(atOld).toMatchObject({ text: "hello" });
    expect(atOld.packet.properties).toBeUndefined();
    expect(atModern.packet.properties).toMatchObject(properties);
  });
});

describe("Jobs topics", () => {
  const get = "$aws/things/t1/jobs/get";

  test.each([4, 5] as const)(
    "answer the asker without a subscription, and nobody else (level %i)",
    async (level) => {
      const asker = await client({ protocolVersion: level, clientId: "asker" });
      const listener = await client({ protocolVersion: level, clientId: "listener" });
      const heard: string[] = [];
      listener.on("message", (topic) => heard.push(topic));
      await listener.subscribeAsync(["$aws/things/+/jobs/#", `${get}/accepted`, "done"], { qos: 1 });
      const answer = message(asker);
      await asker.publishAsync(get, "{}", { qos: 1 });
      expect(await answer).toMatchObject({ topic: `${get}/accepted`, text: "echo {}", packet: { qos: 0 } });
      const done = message(listener);
      await asker.publishAsync("done", "", { qos: 1 });
      await done;
      expect(heard).toEqual(["done"]);
    },
  );

  test("answer a client with two subscriptions once, at the higher QoS", async () => {
    const asker = await client({ protocolVersion: 5, clientId: "asker" });
    const heard: string[] = [];
    asker.on("message", (topic, _payload, packet) => heard.push(`${topic} ${packet.qos}`));
    await asker.subscribeAsync(`${get}/+`, { qos: 1 });
    await asker.subscribeAsync(`${get}/accepted`, { qos: 0 });
    await asker.subscribeAsync("done", { qos: 0 });
    await asker.publishAsync(get, "{}", { qos: 1 });
    await asker.publishAsync("done", "", { qos: 1 });
    await expect.poll(() => [...heard].sort()).toEqual([`${get}/accepted 1`, "done 0"]);
  });

  test("carry notifications to subscribers as ordinary messages", async () => {
    const subscriber = await client({ protocolVersion: 4, clientId: "t1" });
    await subscriber.subscribeAsync("$aws/things/t1/jobs/notify-next", { qos: 1 });
    const notice = message(subscriber);
    broker.publish(brokerMessage("$aws/things/t1/jobs/notify", "not subscribed", 1));
    broker.publish(brokerMessage("$aws/things/t2/jobs/notify-next", "another thing's", 1));
    broker.publish(brokerMessage("$aws/things/t1/jobs/notify-next", '{"timestamp":1}', 1));
    expect(await notice).toMatchObject({ topic: "$aws/things/t1/jobs/notify-next", text: '{"timestamp":1}' });
  });

  test("a publish to an unsupported reserved topic ends the connection", async () => {
    const asker = await connected(server.port, 5);
    asker.send(publishPacket("$aws/things/t1/shadow/get/accepted", ""));
    expect(await asker.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x90 });
    await asker.closed();
    expect(log.at(-1)).toContain(
      "$aws/things/t1/shadow/get/accepted: fota local does not support this reserved topic",
    );
  });
});

describe("CONNECT", () => {
  test("tells an MQTT 5 client AWS IoT's limits", async () => {
    const { connack } = await connected(server.port, 5, { keepalive: 5, clientId: "" });
    expect(connack).toMatchObject({
      reasonCode: 0,
      sessionPresent: false,
      properties: {
        sessionExpiryInterval: 0,
        receiveMaximum: 100,
        maximumQoS: 1,
        maximumPacketSize: 149_504,
        topicAliasMaximum: 8,
        serverKeepAlive: 30,
        subscriptionIdentifiersAvailable: false,
        sharedSubscriptionAvailable: true,
        assignedClientIdentifier: expect.stringMatching(/^\$GEN\//),
      },
    });
  });

  test.each([
    { keepalive: 0, serverKeepAlive: 1200 },
    { keepalive: 29, serverKeepAlive: 30 },
    { keepalive: 1200, serverKeepAlive: 1200 },
    { keepalive: 1201, serverKeepAlive: 1200 },
  ])("keep-alive $keepalive is limited to $serverKeepAlive", async ({ keepalive, serverKeepAlive }) => {
    const { connack } = await connected(server.port, 5, { keepalive });
    expect(connack).toMatchObject({ properties: { serverKeepAlive } });
  });

  test("gives each client without an id its own one", async () => {
    const first = await connected(server.port, 4, { clientId: "" });
    const second = await connected(server.port, 4, { clientId: "" });
    expect([first.connack, second.connack]).toMatchObject([{ returnCode: 0 }, { returnCode: 0 }]);
    first.send({ cmd: "pingreq" }); // not taken over
    expect(await first.next()).toMatchObject({ cmd: "pingresp" });
    const keeping = await rawClient(server.port, 4);
    keeping.sendBytes(Buffer.from("100c00044d5154540400003c0000", "hex")); // CONNECT, Clean Session 0, an empty id
    expect(await keeping.next()).toMatchObject({ cmd: "connack", returnCode: 2 });
  });

  test.each([
    {
      why: "a client id of 129 bytes",
      version: 4,
      options: { clientId: "c".repeat(129) },
      answer: { returnCode: 2 },
    },
    { why: "a client id with $", version: 5, options: { clientId: "$me" }, answer: { reasonCode: 0x85 } },
    {
      why: "enhanced authentication",
      version: 5,
      options: { properties: { authenticationMethod: "SCRAM" } },
      answer: { reasonCode: 0x8c },
    },
    {
      why: "a last will on a reserved topic",
      version: 5,
      options: { will: { topic: "$aws/things/t1/shadow/update", payload: Buffer.from("x") } },
      answer: { reasonCode: 0x90 },
    },
    {
      why: "a last will with QoS 2",
      version: 5,
      options: { will: { topic: "a", payload: Buffer.from("x"), qos: 2 } },
      answer: { reasonCode: 0x9b },
    },
  ] as const)("with $why is refused", async ({ version, options, answer }) => {
    const refused = await connected(server.port, version, options);
    expect(refused.connack).toMatchObject({ cmd: "connack", ...answer });
    await refused.closed();
  });

  test("of MQTT 3.1 or an unknown version is answered with code 1", async () => {
    const old = await rawClient(server.port, 4);
    old.send({
      cmd: "connect",
      clientId: "c",
      protocolId: "MQIsdp",
      protocolVersion: 3,
      clean: true,
      keepalive: 60,
    });
    expect(await old.next()).toMatchObject({ cmd: "connack", returnCode: 1 });
    const next = await rawClient(server.port, 4);
    next.sendBytes(Buffer.from([0x10, 0x07, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x06]));
    expect(await next.next()).toMatchObject({ cmd: "connack", returnCode: 1 });
  });

  test("with the same client id ends the older connection", async () => {
    const first = await connected(server.port, 5, { clientId: "twin" });
    const second = await connected(server.port, 5, { clientId: "twin" });
    expect(await first.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8e });
    await first.closed();
    second.send({ cmd: "pingreq" });
    expect(await second.next()).toMatchObject({ cmd: "pingresp" });
  });

  test("must be the first packet, sent once, and in time", async () => {
    const impatient = await rawClient(server.port, 4);
    impatient.send({ cmd: "pingreq" });
    await impatient.closed();
    const repeating = await connected(server.port, 5, { clientId: "repeating" });
    repeating.send({
      cmd: "connect",
      clientId: "again",
      protocolId: "MQTT",
      protocolVersion: 5,
      clean: true,
    });
    expect(await repeating.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x82 });
    const silent = await rawClient(server.port, 4);
    await expect
      .poll(() => {
        socketClock.advance(30_000);
        return log.at(-1);
      })
      .toContain("no CONNECT within 30000 ms");
    await silent.closed();
  });
});

test("a client gets what was sent before its connection is broken", async () => {
  const victim = await connected(server.port, 4, { clientId: "victim" });
  victim.send(subscribePacket(["a"]));
  await victim.next();
  for (const text of ["1", "2"]) broker.publish(brokerMessage("a", text, 1));
  expect(broker.breakConnection("victim")).toBe(true);
  expect(await victim.closed()).toMatchObject([
    { cmd: "publish", payload: Buffer.from("1") },
    { cmd: "publish", payload: Buffer.from("2") },
  ]);
});

test("packets that come together are answered in their order", async () => {
  const busy = await connected(server.port, 4);
  const packets = [
    publishPacket("a", "1", { qos: 1, messageId: 1 }),
    subscribePacket(["a"]),
    publishPacket("a", "2", { qos: 1, messageId: 2 }),
    { cmd: "pingreq" } as const,
    publishPacket("a", "3", { qos: 1, messageId: 3 }),
    { cmd: "disconnect" } as const,
  ];
  busy.sendBytes(Buffer.concat(packets.map((packet) => generate(packet))));
  expect(await busy.closed()).toMatchObject([
    { cmd: "puback", messageId: 1 },
    { cmd: "suback" },
    { cmd: "publish", payload: Buffer.from("2") },
    { cmd: "puback", messageId: 2 },
    { cmd: "pingresp" },
    { cmd: "publish", payload: Buffer.from("3") },
    { cmd: "puback", messageId: 3 },
  ]);
});

test("a client that is silent for one and a half keep-alives is disconnected", async () => {
  const silent = await connected(server.port, 5, { keepalive: 30 });
  socketClock.advance(44_000);
  silent.send({ cmd: "pingreq" });
  expect(await silent.next()).toMatchObject({ cmd: "pingresp" });
  socketClock.advance(44_999);
  silent.send({ cmd: "pingreq" });
  expect(await silent.next()).toMatchObject({ cmd: "pingresp" });
  socketClock.advance(45_000);
  expect(await silent.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x8d });
});

describe("rules of a connection", () => {
  test.each([
    { what: "QoS 2 publish", packet: publishPacket("a", "", { qos: 2, messageId: 1 }), reasonCode: 0x9b },
    { what: "QoS 2 subscribe", packet: subscribePacket(["a"], 2), reasonCode: 0x9b },
    { what: "wildcard publish", packet: publishPacket("a/+", ""), reasonCode: 0x90 },
    { what: "topic with eight slashes", packet: publishPacket("a/1/2/3/4/5/6/7/8", ""), reasonCode: 0x90 },
    { what: "payload over 128 KB", packet: publishPacket("a", Buffer.alloc(131_073)), reasonCode: 0x95 },
    { what: "nine filters", packet: subscribePacket("abcdefghi".split("")), reasonCode: 0x97 },
    {
      what: "subscription identifier",
      packet: { ...subscribePacket(["a"]), properties: { subscriptionIdentifier: 1 } },
      reasonCode: 0xa1,
    },
    {
      what: "topic alias 9",
      packet: publishPacket("a", "", { properties: { topicAlias: 9 } }),
      reasonCode: 0x94,
    },
    {
      what: "unknown alias",
      packet: publishPacket("", "", { properties: { topicAlias: 1 } }),
      reasonCode: 0x82,
    },
    { what: "PUBREC", packet: { cmd: "pubrec", messageId: 1 } as const, reasonCode: 0x82 },
  ])("$what: an MQTT 5 client gets the reason and is disconnected", async ({ packet, reasonCode }) => {
    const wrong = await connected(server.port, 5);
    wrong.send(packet);
    expect(await wrong.next()).toMatchObject({ cmd: "disconnect", reasonCode });
    await wrong.closed();
  });

  test("a malformed packet closes its own connection only", async () => {
    const bystander = await connected(server.port, 4, { clientId: "bystander" });
    const wrong = await connected(server.port, 5, { clientId: "wrong" });
    wrong.sendBytes(Buffer.from([0x82, 0x01, 0x00]));
    expect(await wrong.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x81 });
    await wrong.closed();
    bystander.send({ cmd: "pingreq" });
    expect(await bystander.next()).toMatchObject({ cmd: "pingresp" });
  });

  test("QoS 2 of MQTT 3.1.1 gets no answer, as from AWS IoT", async () => {
    const old = await connected(server.port, 4);
    old.send(publishPacket("a", "", { qos: 2, messageId: 1 }));
    old.send(subscribePacket(["a"], 2));
    old.send({ cmd: "pingreq" });
    expect(await old.next()).toMatchObject({ cmd: "pingresp" });
    expect(log.filter((line) => line.includes("QoS 2: ignored"))).toHaveLength(2);
  });

  test("a SUBACK has a code for each topic filter", async () => {
    const modern = await connected(server.port, 5);
    modern.send(subscribePacket(["a", "a/#/b", "$share/g/a", "$share/g", "a/1/2/3/4/5/6/7/8"]));
    expect(await modern.next()).toMatchObject({ cmd: "suback", granted: [1, 0x8f, 1, 0x8f, 0x8f] });
    modern.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["a", "b"] });
    expect(await modern.next()).toMatchObject({ cmd: "unsuback", granted: [0, 0x11] });
    const old = await connected(server.port, 4, { clientId: "old" });
    old.send(subscribePacket(["a", "a/#/b"], 0));
    expect(await old.next()).toMatchObject({ cmd: "suback", granted: [0, 0x80] });
  });

  test("members of a shared subscription take turns, and disconnected ones are skipped", async () => {
    const shared = subscribePacket(["$share/workers/dt/+"]);
    const [one, two] = [
      await connected(server.port, 5, { clientId: "one" }),
      await connected(server.port, 4, { clientId: "two", clean: false }),
    ];
    const alone = await connected(server.port, 5, { clientId: "alone" });
    const publisher = await connected(server.port, 5, { clientId: "publisher" });
    publisher.send(publishPacket("dt/old", "retained", { retain: true }));
    for (const member of [one, two]) member.send(shared);
    alone.send(subscribePacket(["dt/+"]));
    for (const client of [one, two, alone]) expect(await client.next()).toMatchObject({ cmd: "suback" });

    const publish = (payload: string) =>
      publisher.send(publishPacket("dt/new", payload, { qos: 1, messageId: 9 }));
    const payloadOf = async (client: RawClient) => {
      const packet = await client.next();
      if (packet.cmd !== "publish") throw new Error(`a ${packet.cmd} came`);
      return packet.payload.toString();
    };
    for (const payload of ["1", "2", "3"]) publish(payload);
    expect([await payloadOf(one), await payloadOf(two), await payloadOf(one)]).toEqual(["1", "2", "3"]);
    two.send({ cmd: "disconnect" });
    await two.closed();
    for (const payload of ["4", "5"]) publish(payload);
    expect([await payloadOf(one), await payloadOf(one)]).toEqual(["4", "5"]);
    one.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["$share/workers/dt/+"] });
    expect(await one.next()).toMatchObject({ cmd: "unsuback", granted: [0] });
    publish("6"); // for the disconnected client with a persistent session
    for (const payload of ["1", "2", "3", "4", "5", "6"]) expect(await payloadOf(alone)).toBe(payload);
    const back = await connected(server.port, 4, { clientId: "two", clean: false });
    expect(await payloadOf(back)).toBe("2"); // not acknowledged before
    expect(await payloadOf(back)).toBe("6");
  });

  test("the 51st subscription of a connection is refused", async () => {
    const greedy = await connected(server.port, 5);
    for (let index = 1; index <= 50; index += 1) {
      greedy.send(subscribePacket([`a/${index}`]));
      expect(await greedy.next()).toMatchObject({ granted: [1] });
    }
    greedy.send(subscribePacket(["a/51", "a/50"]));
    expect(await greedy.next()).toMatchObject({ granted: [0x97, 1] });
  });

  test("a topic alias can replace its topic in later messages", async () => {
    const both = await connected(server.port, 5);
    both.send(subscribePacket(["dt/long/name"], 0));
    await both.next();
    both.send(publishPacket("dt/long/name", "1", { properties: { topicAlias: 3 } }));
    both.send(publishPacket("", "2", { properties: { topicAlias: 3 } }));
    for (const text of ["1", "2"]) {
      const packet = await both.next();
      expect(packet).toMatchObject({ topic: "dt/long/name", payload: Buffer.from(text) });
      expect(packet).not.toHaveProperty("properties.topicAlias");
    }
  });

  test("no more QoS 1 messages are in flight than the client accepts", async () => {
    const slow = await connected(server.port, 5, { properties: { receiveMaximum: 2 } });
    slow.send(subscribePacket(["a"]));
    await slow.next();
    for (const text of ["1", "2", "3"]) broker.publish(textMessage("a", text));
    const first = await slow.next();
    expect(await slow.next()).toMatchObject({ payload: Buffer.from("2") });
    slow.send({ cmd: "pingreq" });
    expect(await slow.next()).toMatchObject({ cmd: "pingresp" });
    slow.send({ cmd: "puback", messageId: first.messageId ?? 0 });
    expect(await slow.next()).toMatchObject({ payload: Buffer.from("3") });
  });

  test("a client gets no packet that is larger than it accepts", async () => {
    const small = await connected(server.port, 5, { properties: { maximumPacketSize: 100 } });
    small.send(subscribePacket(["a"]));
    await small.next();
    broker.publish(textMessage("a", "x".repeat(100)));
    broker.publish(textMessage("a", "fits"));
    expect(await small.next()).toMatchObject({ payload: Buffer.from("fits") });
  });

  test("a client that does not read is disconnected, others are not affected", async () => {
    const stuck = await connected(server.port, 4, { clientId: "stuck" });
    stuck.send(subscribePacket(["a"], 0));
    await stuck.next();
    stuck.pause();
    const flood = textMessage("a", "x".repeat(100_000));
    for (let sent = 0; sent < 1_000 && log.length === 0; sent += 1) broker.publish(flood);
    expect(log).toEqual(["mqtt: disconnected stuck, because it does not read its messages"]);
  });
});

describe("sessions", () => {
  test.each([4, 5] as const)(
    "a kept session gets what it missed at QoS 1, for an hour (level %i)",
    async (level) => {
      const keep = { clientId: "keeper", clean: false, properties: { sessionExpiryInterval: 7_200 } };
      const first = await connected(server.port, level, keep);
      expect(first.connack).toMatchObject({ sessionPresent: false });
      if (level === 5) expect(first.connack).toMatchObject({ properties: { sessionExpiryInterval: 3_600 } });
      first.send(subscribePacket(["a"]));
      await first.next();
      broker.publish(textMessage("a", "not acknowledged"));
      const unacknowledged = await first.next();
      first.send({ cmd: "disconnect", reasonCode: 0 });
      await first.closed();
      broker.publish({ ...textMessage("a", "QoS 0 is not kept"), qos: 0 });
      broker.publish({ ...textMessage("a", "expired"), properties: { messageExpiryInterval: 60 } });
      broker.publish(textMessage("a", "missed"));

      clock.advance(3_599_000);
      const second = await connected(server.port, level, keep);
      expect(second.connack).toMatchObject({ sessionPresent: true });
      expect(await second.next()).toMatchObject({ dup: true, messageId: unacknowledged.messageId });
      expect(await second.next()).toMatchObject({ dup: false, payload: Buffer.from("missed") });

      second.send({ cmd: "disconnect", reasonCode: 0 });
      await second.closed();
      clock.advance(3_600_000);
      const third = await connected(server.port, level, keep);
      expect(third.connack).toMatchObject({ sessionPresent: false });
    },
  );

  test.each([
    { asked: 60, parting: 600, keptSeconds: 600 },
    { asked: 600, parting: 60, keptSeconds: 60 },
    { asked: 60, parting: 7_200, keptSeconds: 3_600 },
  ])("DISCONNECT changes $asked s to $parting s: kept for $keptSeconds s", async (session) => {
    const keep = { clientId: "c", clean: false, properties: { sessionExpiryInterval: session.asked } };
    const part = { cmd: "disconnect", properties: { sessionExpiryInterval: session.parting } } as const;
    const first = await connected(server.port, 5, keep);
    first.send(part);
    expect(await first.closed()).toEqual([]);
    clock.advance(session.keptSeconds * 1000 - 1);
    const second = await connected(server.port, 5, keep);
    expect(second.connack).toMatchObject({ sessionPresent: true });
    second.send(part);
    await second.closed();
    clock.advance(session.keptSeconds * 1000);
    const third = await connected(server.port, 5, keep);
    expect(third.connack).toMatchObject({ sessionPresent: false });
  });

  test("DISCONNECT cannot start a persistent session, but can end one", async () => {
    const wrong = await connected(server.port, 5, { clientId: "c" });
    wrong.send({ cmd: "disconnect", properties: { sessionExpiryInterval: 60 } });
    expect(await wrong.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x82 });

    const keep = { clientId: "c", clean: false, properties: { sessionExpiryInterval: 60 } };
    const ending = await connected(server.port, 5, keep);
    ending.send({ cmd: "disconnect", properties: { sessionExpiryInterval: 0 } });
    await ending.closed();
    expect((await connected(server.port, 5, keep)).connack).toMatchObject({ sessionPresent: false });
  });

  test("a clean start discards the stored session", async () => {
    const first = await connected(server.port, 4, { clientId: "c", clean: false });
    first.send(subscribePacket(["a"]));
    await first.next();
    first.send({ cmd: "disconnect" });
    await first.closed();
    const second = await connected(server.port, 4, { clientId: "c", clean: true });
    expect(second.connack).toMatchObject({ sessionPresent: false });
    broker.publish(textMessage("a", "nobody subscribes any more"));
    second.send({ cmd: "pingreq" });
    expect(await second.next()).toMatchObject({ cmd: "pingresp" });
  });

  test("the last will is published when a connection breaks, but not after a DISCONNECT", async () => {
    const watcher = await client({ protocolVersion: 4, clientId: "watcher" });
    await watcher.subscribeAsync("state/+", { qos: 1 });
    const will = (topic: string) => ({
      clientId: topic,
      will: { topic: `state/${topic}`, payload: Buffer.from("gone") },
    });
    const polite = await connected(server.port, 4, will("polite"));
    const news = message(watcher);
    polite.send({ cmd: "disconnect" });
    await polite.closed();
    const broken = await connected(server.port, 4, will("broken"));
    broken.cut();
    expect(await news).toMatchObject({ topic: "state/broken", text: "gone" });
  });

  test("a retained message reaches later subscribers of its exact topic", async () => {
    const publisher = await client({ protocolVersion: 4, clientId: "publisher" });
    await publisher.publishAsync("state/door", "open", { qos: 1, retain: true });
    const late = await connected(server.port, 5, { clientId: "late" });
    late.send(subscribePacket(["state/+", "state/door"]));
    expect(await late.next()).toMatchObject({ cmd: "suback" });
    expect(await late.next()).toMatchObject({
      topic: "state/door",
      retain: true,
      payload: Buffer.from("open"),
    });
    await publisher.publishAsync("state/door", "", { qos: 1, retain: true });
    expect(await late.next()).toMatchObject({ retain: false, payload: Buffer.alloc(0) });
    const later = await connected(server.port, 5, { clientId: "later" });
    later.send(subscribePacket(["state/door"]));
    expect(await later.next()).toMatchObject({ cmd: "suback" });
    later.send({ cmd: "pingreq" });
    expect(await later.next()).toMatchObject({ cmd: "pingresp" });
  });
});

describe("presence events", () => {
  async function watcher(): Promise<() => Promise<Record<string, unknown>>> {
    const watching = await connected(server.port, 4, { clientId: "watcher", keepalive: 1200 });
    watching.send(subscribePacket(["$aws/events/presence/+/t1"]));
    expect(await watching.next()).toMatchObject({ cmd: "suback", granted: [1] });
    return async () => {
      const packet = await watching.next();
      if (packet.cmd !== "publish") throw new Error(`a ${packet.cmd} came`);
      watching.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
      return { topic: packet.topic, ...JSON.parse(packet.payload.toString()) };
    };
  }

  test("report connect and disconnect with the same session and version", async () => {
    const next = await watcher();
    const client = await connected(server.port, 4, { clientId: "t1" });
    const event = await next();
    expect(event).toEqual({
      topic: "$aws/events/presence/connected/t1",
      clientId: "t1",
      timestamp: clock.nowMs(),
      eventType: "connected",
      sessionIdentifier: expect.stringMatching(/^[0-9a-f-]{36}$/),
      principalIdentifier: "anonymous",
      versionNumber: expect.any(Number),
    });
    client.send({ cmd: "disconnect" });
    expect(await next()).toEqual({
      ...event,
      topic: "$aws/events/presence/disconnected/t1",
      eventType: "disconnected",
      clientInitiatedDisconnect: true,
      disconnectReason: "CLIENT_INITIATED_DISCONNECT",
    });
  });

  test.each([
    ["CONNECTION_LOST", (client: RawClient) => client.cut()],
    ["CLIENT_ERROR", (client: RawClient) => client.send(publishPacket("$SYS/x", ""))],
    ["DUPLICATE_CLIENTID", () => connected(server.port, 4, { clientId: "t1" })],
    ["MQTT_KEEP_ALIVE_TIMEOUT", () => socketClock.advance(90_000)],
  ])("report %s", async (reason, ends) => {
    const next = await watcher();
    const client = await connected(server.port, 4, { clientId: "t1", keepalive: 60 });
    const first = await next();
    await ends(client);
    expect(await next()).toMatchObject({
      sessionIdentifier: first["sessionIdentifier"],
      clientInitiatedDisconnect: false,
      disconnectReason: reason,
    });
  });
});

test("a client that hears of its own connection gets that event once, after what it missed", async () => {
  const options = { clientId: "t1", clean: false };
  const first = await connected(server.port, 4, options);
  first.send(subscribePacket(["$aws/events/presence/connected/+", "dt/x"]));
  expect(await first.next()).toMatchObject({ cmd: "suback" });
  broker.publish(textMessage("dt/x", "unacknowledged"));
  expect(await first.next()).toMatchObject({ topic: "dt/x", dup: false });
  first.cut();
  await expect.poll(() => broker.connected()).toEqual([]);
  const second = await connected(server.port, 4, options);
  second.send({ cmd: "pingreq" });
  expect(await second.next()).toMatchObject({ topic: "dt/x", dup: true });
  expect(await second.next()).toMatchObject({ topic: "$aws/events/presence/connected/t1", dup: false });
  expect(await second.next()).toMatchObject({ cmd: "pingresp" });
});

test("a client that connects again with a smaller Receive Maximum gets unacknowledged messages by that", async () => {
  const properties = { sessionExpiryInterval: 100 };
  const first = await connected(server.port, 5, { clientId: "t1", clean: false, properties });
  first.send(subscribePacket(["dt/x"]));
  expect(await first.next()).toMatchObject({ cmd: "suback" });
  for (const text of ["1", "2", "3"]) broker.publish(textMessage("dt/x", text));
  const ids: (number | undefined)[] = [];
  for (let count = 0; count < 3; count += 1) ids.push((await first.next()).messageId);
  first.cut();
  await expect.poll(() => broker.connected()).toEqual([]);
  broker.publish(textMessage("dt/x", "4"));

  const limits = { ...properties, receiveMaximum: 1 };
  const second = await connected(server.port, 5, { clientId: "t1", clean: false, properties: limits });
  for (const [index, messageId] of ids.entries()) {
    second.send({ cmd: "pingreq" });
    expect(await second.next()).toMatchObject({ payload: Buffer.from(`${index + 1}`), messageId, dup: true });
    expect(await second.next()).toMatchObject({ cmd: "pingresp" });
    second.send({ cmd: "puback", messageId: messageId ?? 0 });
  }
  expect(await second.next()).toMatchObject({ payload: Buffer.from("4"), dup: false });
});

test("stopping sends a DISCONNECT to MQTT 5 clients and closes all connections", async () => {
  const modern = await connected(server.port, 5);
  connections.shutDown();
  await server.close();
  expect(await modern.closed()).toMatchObject([{ cmd: "disconnect", reasonCode: 0x8b }]);
});

function textMessage(topic: string, text: string) {
  return { topic, payload: Buffer.from(text), qos: 1 as const, retain: false, properties: {} };
}
