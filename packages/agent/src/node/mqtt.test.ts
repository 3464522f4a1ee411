import { createPrivateKey, X509Certificate } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFotaError } from "@fota/shared";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { eventually } from "../../../shared/test/eventually.js";
import { keptPort } from "../../../shared/test/kept-port.js";
import { ScriptedBroker } from "../../test/scripted-broker.js";
import type { Mqtt } from "../core/ports.js";
import { readDeviceIdentity } from "./device-identity.js";
import { connectThing } from "./mqtt.js";
import type { ThingOptions } from "./mqtt-options.js";

let broker: ScriptedBroker;
const things: Mqtt[] = [];
beforeEach(async () => {
  broker = await ScriptedBroker.start();
});
afterEach(async () => {
  vi.restoreAllMocks();
  broker.script = {};
  for (const thing of things.splice(0)) await thing.disconnect();
  await broker.stop();
});

async function connected(options: Partial<ThingOptions> = {}): Promise<Mqtt> {
  const thing = await connectThing({
    thingName: "sensor-1",
    url: `mqtt://127.0.0.1:${broker.port}`,
    reconnect: { baseMs: 10, maxMs: 20 },
    ...options,
  });
  things.push(thing);
  return thing;
}

async function failureOf(action: Promise<unknown>) {
  const error: unknown = await action.then(() => undefined).catch((thrown: unknown) => thrown);
  if (!isFotaError(error)) throw new Error(`no FotaError: ${String(error)}`);
  return error;
}

test("a publish resolves when the broker has it", async () => {
  const thing = await connected();
  await thing.publish("a/b", '{"é":1}');
  expect(broker.published).toEqual([{ topic: "a/b", payload: '{"é":1}' }]);
});

test("messages go to the handler of their topic, until it is unsubscribed", async () => {
  const thing = await connected();
  const got: string[] = [];
  await thing.subscribe("a/b", (payload) => got.push(payload));
  broker.send("a/b", "one");
  broker.send("a/other", "not subscribed"); // AWS answers on reserved topics without a subscription
  await eventually(() => expect(got).toEqual(["one"]));
  await thing.unsubscribe("a/b");
  broker.send("a/b", "two");
  await thing.publish("a/fence", ""); // its acknowledgement comes after the message
  expect(got).toEqual(["one"]);
});

test("an error in a handler does no harm", async () => {
  const log = vi.fn();
  const thing = await connected({ log });
  const got: string[] = [];
  await thing.subscribe("bad", () => {
    throw new Error("handler bug");
  });
  await thing.subscribe("good", (payload) => got.push(payload));
  broker.send("bad", "x");
  broker.send("good", "y");
  await eventually(() => expect(got).toEqual(["y"]));
  expect(log).toHaveBeenCalledWith("error", "the handler of bad failed: handler bug");
});

test("after a loss it comes back by itself, subscriptions first, then the call to onReconnect", async () => {
  const thing = await connected();
  const got: string[] = [];
  const topics = Array.from({ length: 10 }, (_, i) => `topic/${i}`);
  const reconnected = new Promise<void>((resolve) => {
    void Promise.all(
      topics.map((topic, i) =>
        thing.subscribe(topic, (payload) => got.push(payload), i === 9 ? resolve : undefined),
      ),
    ).then(() => broker.cutAll());
  });
  await reconnected;
  expect(broker.connects).toBe(2);
  expect(broker.subscribed.slice(-2)).toEqual([topics.slice(0, 8), topics.slice(8)]); // AWS takes 8 filters at once
  broker.send("topic/3", "after");
  await eventually(() => expect(got).toEqual(["after"]));
});

describe("inTurn", () => {
  /** Holds attempts until `next` lets one start. */
  function turns() {
    const waiting: (() => void)[] = [];
    const inTurn = async <T>(attempt: () => Promise<T>): Promise<T> => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return await attempt();
    };
    const requested = () => eventually(() => expect(waiting).toHaveLength(1));
    const next = async () => {
      await requested();
      waiting.shift()?.();
    };
    return { inTurn, requested, next };
  }

  test("an attempt to connect waits for its turn, also after a loss", async () => {
    const { inTurn, requested, next } = turns();
    const connecting = connected({ inTurn });
    await next();
    const thing = await connecting;
    broker.cutAll();
    await requested();
    const publish = async () => await thing.publish("a", "x");
    expect((await failureOf(publish())).code).toBe("MQTT_CLOSED");
    expect(broker.connects).toBe(1);
    await next();
    await eventually(publish);
  });

  test("a thing that was disconnected before its turn does not connect", async () => {
    const { inTurn, next } = turns();
    const connecting = connected({ inTurn });
    await next();
    const thing = await connecting;
    await thing.disconnect();
    const again = failureOf(thing.connect());
    const disconnecting = thing.disconnect();
    await next();
    await disconnecting;
    expect((await again).code).toBe("MQTT_CLOSED");
    expect(broker.connects).toBe(1);
  });
});

/** Makes each delay almost its upper bound. By chance, full jitter can also reconnect at once. */
function avoidShortDelays() {
  vi.spyOn(Math, "random").mockReturnValue(0.99);
}

test("a publish that was not acknowledged rejects when the connection is lost", async () => {
  avoidShortDelays();
  const thing = await connected({ reconnect: { baseMs: 60_000, maxMs: 60_000 } });
  broker.script = { holdAcknowledgements: true };
  const publish = failureOf(thing.publish("a", "x"));
  await broker.until(() => broker.published.length === 1);
  broker.cutAll();
  expect((await publish).code).toBe("MQTT_CLOSED");
  expect((await failureOf(thing.publish("a", "y"))).code).toBe("MQTT_CLOSED");
  expect((await failureOf(thing.subscribe("a", () => {}))).code).toBe("MQTT_CLOSED");
});

test("a publish that is never acknowledged ends in time", async () => {
  const thing = await connected({ ackTimeoutMs: 50 });
  broker.script = { holdAcknowledgements: true };
  expect((await failureOf(thing.publish("a", "x"))).code).toBe("REQUEST_TIMED_OUT");
  broker.cutAll(); // so that the clean-up need not wait for the acknowledgement
});

test("what is subscribed to, or unsubscribed from, in one turn takes one packet for 8 topics", async () => {
  const thing = await connected();
  const topics = Array.from({ length: 9 }, (_, index) => `a/${index}`);
  const got: string[] = [];
  await Promise.all(topics.map((topic) => thing.subscribe(topic, () => got.push(topic))));
  expect(broker.packets).toEqual({ subscribe: 2, unsubscribe: 0 });
  await Promise.all(topics.slice(1).map((topic) => thing.unsubscribe(topic)));
  expect(broker.packets).toEqual({ subscribe: 2, unsubscribe: 1 });
  for (const topic of topics) broker.send(topic, "");
  await thing.publish("a/fence", "");
  expect(got).toEqual(["a/0"]);
});

test("a topic that is unsubscribed from and subscribed to again in one turn stays subscribed", async () => {
  const thing = await connected();
  await thing.subscribe("a/b", () => {});
  const got: string[] = [];
  await Promise.all([thing.unsubscribe("a/b"), thing.subscribe("a/b", (payload) => got.push(payload))]);
  expect(broker.packets).toEqual({ subscribe: 2, unsubscribe: 1 });
  broker.send("a/b", "one");
  await eventually(() => expect(got).toEqual(["one"]));
});

test("a topic that is refused does not refuse others of the same turn", async () => {
  broker.script = { subscribe: 0x87, refused: "a/secret" };
  const thing = await connected();
  const got: string[] = [];
  const [granted, refused] = await Promise.allSettled([
    thing.subscribe("a/b", (payload) => got.push(payload)),
    thing.subscribe("a/secret", () => {}),
  ]);
  expect(granted.status).toBe("fulfilled");
  expect(refused).toMatchObject({ status: "rejected", reason: { code: "REQUEST_REJECTED" } });
  broker.send("a/b", "one");
  await eventually(() => expect(got).toEqual(["one"]));
});

test("a refused subscription is an error, and is not restored", async () => {
  const thing = await connected();
  broker.script = { subscribe: 0x87 };
  expect((await failureOf(thing.subscribe("secret", () => {}))).code).toBe("REQUEST_REJECTED");
  broker.script = {};
  await thing.subscribe("open", () => {});
  broker.cutAll();
  await broker.until(() => broker.subscribed.length === 3);
  expect(broker.subscribed[2]).toEqual(["open"]);
});

test.each([
  ["clean without a time", {}, { cleanStart: true, expirySeconds: 0 }],
  ["persistent with one", { sessionExpirySeconds: 3600 }, { cleanStart: false, expirySeconds: 3600 }],
])("a session is %s, also after a loss", async (_what, options, session) => {
  await connected(options);
  expect(broker.session).toEqual(session);
  broker.session = undefined;
  broker.cutAll();
  await broker.until(() => broker.connects === 2);
  expect(broker.session).toEqual(session);
});

test("disconnect leaves no socket, and connect brings everything back", async () => {
  const thing = await connected();
  const onReconnect = vi.fn();
  await thing.subscribe("a/b", () => {}, onReconnect);
  await thing.disconnect();
  await broker.until(() => broker.openSockets === 0);
  expect(broker.disconnects).toBe(1);
  expect((await failureOf(thing.publish("a", "x"))).code).toBe("MQTT_CLOSED");

  await thing.connect();
  expect(broker.subscribed).toEqual([["a/b"], ["a/b"]]);
  expect(onReconnect).toHaveBeenCalledTimes(1);
  await thing.connect();
  expect(broker.connects).toBe(2);
});

test("disconnect also stops the attempts to come back", async () => {
  avoidShortDelays();
  const log = vi.fn();
  const thing = await connected({ reconnect: { baseMs: 60_000, maxMs: 60_000 }, log });
  broker.cutAll();
  await eventually(() => expect(log).toHaveBeenCalledWith("info", expect.stringMatching(/next attempt/)));
  await thing.disconnect();
  await thing.connect(); // at once: the delay is gone
  expect(broker.connects).toBe(2);
});

test("connect after a loss waits for the attempts that are under way, and no longer than one may take", async () => {
  const log = vi.fn();
  const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
  const thing = await connected({ reconnect: { baseMs: 100, maxMs: 100 }, connectTimeoutMs: 1_000, log });
  broker.cutAll();
  await eventually(() =>
    expect(log).toHaveBeenCalledWith("info", expect.stringMatching(/next attempt in 50 ms/)),
  );
  await thing.connect();
  expect(broker.connects).toBe(2);

  random.mockReturnValue(0.99);
  const slow = await connected({
    thingName: "sensor-2",
    reconnect: { baseMs: 60_000, maxMs: 60_000 },
    connectTimeoutMs: 500,
    log,
  });
  broker.cutAll();
  await eventually(() =>
    expect(log).toHaveBeenCalledWith("info", expect.stringMatching(/sensor-2 is not connected/)),
  );
  const error = await failureOf(slow.connect());
  expect(error.message).toMatch(/cannot connect to .*: the connection was cut \(ECONNRESET\)/);
});

test("disconnect does not wait for an attempt that hangs", async () => {
  const thing = await connected();
  await thing.disconnect();
  broker.script = { connect: "silence" };
  const attempt = failureOf(thing.connect());
  await broker.until(() => broker.connects === 2);
  await thing.disconnect();
  expect((await attempt).code).toBe("MQTT_CLOSED");
  await broker.until(() => broker.openSockets === 0);
});

test("two devices with one client id slow down instead of fighting", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const delays: number[] = [];
  const log = vi.fn((_level: string, message: string) => {
    const delay = /next attempt in (\d+) ms/.exec(message)?.[1];
    if (delay !== undefined) delays.push(Number(delay));
  });
  const thing = await connected({ reconnect: { baseMs: 4, maxMs: 40 }, log });
  const online = vi.fn(() => broker.takeOver());
  await thing.subscribe("a", () => {}, online); // thrown out each time it is back
  broker.takeOver();
  await eventually(() => expect(delays.slice(0, 6)).toEqual([2, 4, 8, 16, 20, 20]));
  expect(log).toHaveBeenCalledWith(
    "warn",
    expect.stringMatching(/another client connected with its client id/),
  );
});

describe("an unreachable broker is reported with the cause", () => {
  const attempt = (options: Partial<ThingOptions> = {}) => failureOf(connected(options));

  test("refused", async () => {
    const port = await keptPort(); // nothing listens there
    const error = await attempt({ url: `mqtt://127.0.0.1:${port}` });
    expect(error.code).toBe("MQTT_UNREACHABLE");
    expect(error.message).toBe(`cannot connect to 127.0.0.1:${port}: connection refused (ECONNREFUSED)`);
  });

  test("no such name", async () => {
    const error = await attempt({ url: "mqtt://broker.invalid:1883" });
    expect(error.message).toMatch(
      /broker\.invalid:1883: the host name cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)/,
    );
  });

  test("no answer", async () => {
    broker.script = { connect: "silence" };
    expect((await attempt({ connectTimeoutMs: 100 })).message).toMatch(/no answer in time/);
    await broker.until(() => broker.openSockets === 0);
  });

  test("closed without an answer, as AWS IoT refuses", async () => {
    broker.script = { connect: "close" };
    const error = await attempt();
    expect(error.message).toMatch(/the broker closed the connection without an answer/);
    expect(error.hint).toMatch(/its policy lets client id sensor-1 connect/);
  });

  test("not authorized", async () => {
    broker.script = { connect: 0x87 };
    expect((await attempt()).message).toMatch(/Not authorized \(135\)/);
  });

  test("no TLS on the port", async () => {
    const error = await attempt({ url: `mqtts://127.0.0.1:${broker.port}` });
    expect(error.message).toMatch(/the TLS handshake failed/);
    expect(error.hint).toMatch(/check that the port speaks TLS/);
  });
});

test.each([
  [{ url: "http://host" }, /http:\/\/host is not a broker address/],
  [{ url: "mqtt://u:p@host" }, /is not a broker address/],
  [{ endpoint: "host" }, /either endpoint or url/],
  [
    { cert: "/no/such/cert.pem", key: "/no/such/key.pem" },
    /the device certificate cannot be read: \/no\/such\/cert.pem does not exist/,
  ],
  [{ cert: "/no/such/cert.pem" }, /^cert is set without key$/],
  [{ key: "/no/such/key.pem" }, /^key is set without cert$/],
] as const)("%o is CONFIG_INVALID", async (options, message) => {
  const error = await failureOf(connected(options));
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toMatch(message);
});

describe("mutual TLS", () => {
  const pem = (name: string) => join(import.meta.dirname, "../../test/fixtures/tls", `${name}.pem`);
  const device = { ca: pem("ca"), cert: pem("device"), key: pem("device-key") };
  let secure: ScriptedBroker;
  beforeEach(async () => {
    const [ca, cert, key] = ["ca", "server", "server-key"].map((name) => readFileSync(pem(name)));
    secure = await ScriptedBroker.start({ ca, cert, key, requestCert: true, rejectUnauthorized: true });
  });
  afterEach(async () => {
    for (const thing of things.splice(0)) await thing.disconnect();
    await secure.stop();
  });
  const connectWith = (options: Partial<ThingOptions>) =>
    connected({ url: `mqtts://127.0.0.1:${secure.port}`, ...options });

  test.each([
    ["files", device],
    [
      "texts",
      Object.fromEntries(Object.entries(device).map(([name, path]) => [name, readFileSync(path, "utf8")])),
    ],
    ["bytes", Object.fromEntries(Object.entries(device).map(([name, path]) => [name, readFileSync(path)]))],
    ["several roots", { ...device, ca: [pem("stranger"), pem("ca")] }],
    ["what was read before", { identity: () => readDeviceIdentity(device) }],
  ])("with %s", async (_how, options) => {
    const thing = await connectWith(options);
    await thing.publish("a", "secret");
    expect(secure.published).toEqual([{ topic: "a", payload: "secret" }]);
  });

  test("what was read before cannot be mixed with files", async () => {
    const error = await failureOf(connectWith({ ca: device.ca, identity: () => readDeviceIdentity(device) }));
    expect(error).toMatchObject({ code: "CONFIG_INVALID", hint: "pass these to readDeviceIdentity" });
  });

  test("B-8: roots that change while it runs hold from the next connection on: functions", async () => {
    const log = vi.fn();
    let ca = pem("ca");
    const thing = await connectWith({ ...device, ca: () => ca, log });
    ca = pem("stranger");
    secure.cutAll();
    await eventually(() =>
      expect(log).toHaveBeenCalledWith(
        "warn",
        expect.stringMatching(/not from a trusted CA/),
        expect.objectContaining({ code: "MQTT_UNREACHABLE" }),
      ),
    );
    ca = pem("ca");
    await eventually(() => thing.publish("a", "back by itself"));
  });

  test("B-8: roots that change while it runs hold from the next connection on: files", async () => {
    const dir = mkdtempSync(join(tmpdir(), "fota-roots-"));
    const [ca, other] = [join(dir, "ca.pem"), pem("stranger")];
    copyFileSync(other, ca);
    expect((await failureOf(connectWith({ ...device, ca }))).message).toMatch(/not from a trusted CA/);
    writeFileSync(ca, `${readFileSync(other, "utf8")}\n${readFileSync(pem("ca"), "utf8")}`); // both in one file
    await connectWith({ ...device, ca });
    rmSync(dir, { recursive: true });
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED=0 does not let an unknown broker in", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    const error = await failureOf(connectWith({ ...device, ca: pem("stranger") }));
    expect(error.message).toMatch(/not from a trusted CA/);
  });

  test("with an encrypted key and its passphrase", async () => {
    const key = createPrivateKey(readFileSync(device.key)).export({
      format: "pem",
      type: "pkcs8",
      cipher: "aes-256-cbc",
      passphrase: "open sesame",
    });
    const thing = await connectWith({ ...device, key: String(key), passphrase: "open sesame" });
    await thing.publish("a", "secret");
  });

  test("with certificate, key and root in DER", async () => {
    const der = (name: string) => new X509Certificate(readFileSync(pem(name))).raw;
    const key = createPrivateKey(readFileSync(device.key)).export({ format: "der", type: "pkcs8" });
    const thing = await connectWith({ ca: der("ca"), cert: der("device"), key });
    await thing.publish("a", "secret");
  });

  test("a wrong file is found before a connection is opened", async () => {
    const error = await failureOf(connectWith({ ...device, key: pem("stranger-key") }));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toMatch(
      /^the private key .*stranger-key.pem does not belong to the device certificate .*device.pem \(CN=/,
    );
    expect(secure.connects).toBe(0);
    expect(secure.openSockets).toBe(0);
  });

  test("a missing engine is reported", async () => {
    const key = { engine: "no-such-engine", id: "pkcs11:object=key" };
    const error = await failureOf(connectWith({ ...device, key }));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toMatch(/^the private key in the engine no-such-engine cannot be used: /);
  });

  test.each([
    [
      "an unknown CA",
      { ...device, ca: pem("stranger") },
      /its certificate is not from a trusted CA/,
      /^set `ca` to/,
    ],
    [
      "no device certificate",
      { ca: device.ca },
      /refused the TLS handshake|closed the connection/,
      /certificate is active/,
    ],
    [
      "a stranger's certificate",
      { ca: device.ca, cert: pem("stranger"), key: pem("stranger-key") },
      /refused the TLS handshake|closed the connection/,
      /certificate is active/,
    ],
  ] as const)("%s is reported", async (_how, options, message, hint) => {
    const error = await failureOf(connectWith(options));
    expect(error.code).toBe("MQTT_UNREACHABLE");
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});
