import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { ISubscribePacket } from "mqtt-packet";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Local, manualClock, startLocal } from "../src/index.js";
import { connected, type RawClient } from "./support/raw-client.js";

// Sessions and retained messages across a restart and across `kill -9`.

let folder: string;
const running: Local[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-mqtt-durable-"));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((local) => local.stop()));
  await rm(folder, { recursive: true });
});

async function start(name = "first", clock = manualClock()): Promise<Local> {
  const local = await startLocal({ dir: join(folder, name), clock });
  running.push(local);
  return local;
}

/** Starts a stand-in on a copy of the folder as it is now: the state after `kill -9`. */
async function afterKill(clock = manualClock()): Promise<Local> {
  // The lock is a socket of the process that holds it: the kernel drops it with the process.
  const filter = (path: string) => !basename(path).startsWith(".lock-");
  await cp(join(folder, "first"), join(folder, "second"), { recursive: true, filter });
  return start("second", clock);
}

function portOf(local: Local): number {
  return Number(new URL(local.mqtt).port);
}

function sleeper(local: Local): ReturnType<typeof connected> {
  return connected(portOf(local), 4, { clientId: "sleeper", clean: false });
}

const SUBSCRIBE: ISubscribePacket = {
  cmd: "subscribe",
  messageId: 1,
  subscriptions: [
    { topic: "dt/#", qos: 1 },
    { topic: "off/#", qos: 1 },
  ],
};

/** Resolves with the PUBACK. */
async function publish(local: Local, topic: string, payload: string, retain = false): Promise<void> {
  const publisher = await connected(portOf(local), 4, { clientId: "publisher" });
  publisher.send({ cmd: "publish", topic, payload, qos: 1, retain, dup: false, messageId: 7 });
  expect(await publisher.next()).toMatchObject({ cmd: "puback", messageId: 7 });
  publisher.cut();
}

async function nextMessage(client: RawClient): Promise<string> {
  const packet = await client.next();
  if (packet.cmd !== "publish") throw new Error(`a ${packet.cmd} came`);
  client.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
  return `${packet.topic} ${packet.payload}`;
}

test("a persistent session keeps its subscriptions and messages across a restart", async () => {
  const first = await start();
  const before = await sleeper(first);
  before.send(SUBSCRIBE);
  await before.next();
  before.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["off/#"] });
  await before.next();
  before.send({ cmd: "disconnect" });
  await before.closed();
  await publish(first, "dt/one", "while away");
  await first.stop();

  const second = await start();
  await publish(second, "off/one", "not for it");
  await publish(second, "dt/two", "after the restart");
  const after = await sleeper(second);
  expect(after.connack).toMatchObject({ sessionPresent: true });
  expect(await nextMessage(after)).toBe("dt/one while away");
  expect(await nextMessage(after)).toBe("dt/two after the restart");
});

test("a message acknowledged to its publisher survives kill -9, unless its subscriber has acknowledged it", async () => {
  const first = await start();
  const client = await sleeper(first);
  client.send(SUBSCRIBE);
  await client.next();
  await publish(first, "dt/one", "taken");
  expect(await nextMessage(client)).toBe("dt/one taken");
  await publish(first, "dt/two", "on its way");
  const unacknowledged = await client.next();
  expect(unacknowledged).toMatchObject({ cmd: "publish", topic: "dt/two" });
  await publish(first, "dt/three", "on its way too");

  const second = await afterKill();
  const again = await sleeper(second);
  expect(again.connack).toMatchObject({ sessionPresent: true });
  expect(await nextMessage(again)).toBe("dt/two on its way");
  expect(await nextMessage(again)).toBe("dt/three on its way too");
});

test("retained messages survive kill -9, removed ones do not come back", async () => {
  const first = await start();
  await publish(first, "kept/bytes", "\u0000\u00ff", true);
  await publish(first, "kept/removed", "x", true);
  await publish(first, "kept/removed", "", true);
  const second = await afterKill();
  const client = await connected(portOf(second), 4, { clientId: "reader" });
  const subscriptions = ["kept/removed", "kept/bytes"].map((topic) => ({ topic, qos: 1 as const }));
  client.send({ cmd: "subscribe", messageId: 1, subscriptions });
  await client.next();
  expect(await nextMessage(client)).toBe("kept/bytes \u0000\u00ff");
});

test("a session expires after its hour, with or without a restart", async () => {
  const clock = manualClock();
  const first = await start("first", clock);
  const client = await sleeper(first);
  client.send({ cmd: "disconnect" });
  await client.closed();
  await first.stop();
  clock.advance(3_599_000);
  const second = await start("first", clock);
  clock.advance(1_000);
  expect((await sleeper(second)).connack).toMatchObject({ sessionPresent: false });
});

test("a session that a clean start ended does not come back", async () => {
  const first = await start();
  const client = await sleeper(first);
  client.send(SUBSCRIBE);
  await client.next();
  const clean = await connected(portOf(first), 4, { clientId: "sleeper", clean: true });
  await publish(first, "dt/one", "for nobody");
  clean.cut();
  const second = await afterKill();
  expect((await sleeper(second)).connack).toMatchObject({ sessionPresent: false });
});
