import { type Local, startLocal } from "@fota/local";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import type { Mqtt } from "../src/core/ports.js";
import { connectThing, type ThingOptions } from "../src/node/index.js";

let local: Local;
const things: Mqtt[] = [];
beforeAll(async () => {
  local = await startLocal();
});
afterEach(async () => {
  for (const thing of things.splice(0)) await thing.disconnect();
});
afterAll(async () => await local.stop());

async function connected(thingName: string, options: Partial<ThingOptions> = {}): Promise<Mqtt> {
  const thing = await connectThing({ thingName, url: local.mqtt, ...options });
  things.push(thing);
  return thing;
}

test.each([
  ["MQTT 5", "kept in a persistent session", { sessionExpirySeconds: 60 }, ["before", "meanwhile", "after"]],
  ["MQTT 5", "lost in a clean one", {}, ["before", "after"]],
  [
    "MQTT 3.1.1",
    "kept in a persistent session",
    { sessionExpirySeconds: 60 },
    ["before", "meanwhile", "after"],
  ],
] as const)("%s: a message for a thing that is away is %s", async (version, what, options, expected) => {
  const protocolVersion = version === "MQTT 5" ? 5 : 4;
  const topic = `orders/${protocolVersion}/${what.length}`;
  const cloud = await connected("cloud");
  const thing = await connected(`sensor-${protocolVersion}-${what.length}`, { protocolVersion, ...options });
  const got: string[] = [];
  await thing.subscribe(topic, (payload) => got.push(payload));
  await cloud.publish(topic, "before");
  await eventually(() => expect(got).toEqual(["before"]));
  await thing.disconnect();
  await cloud.publish(topic, "meanwhile");
  await thing.connect();
  await cloud.publish(topic, "after");
  await eventually(() => expect(got).toContain("after"));
  expect(got).toEqual(expected);
});
