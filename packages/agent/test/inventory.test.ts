import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FotaError, isTerminal } from "@fota/shared";
import { describe, expect, test } from "vitest";
import { FotaAgent } from "../src/index.js";
import {
  type CutPoint,
  documentOf,
  type FakeBootOptions,
  FakeWorld,
  imageOf,
  Power,
} from "../src/testing/index.js";

const OLD = imageOf(1, 5_000);
const NEW = imageOf(2, 20_000);
const TUNING = { journalBytes: 4_000, journalIntervalMs: 0, bufferBytes: 2_000 };
const TOPIC = "$aws/things/thing-1/shadow/name/fota/update";
const { version: AGENT } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));

const sha256Of = (image: Uint8Array) => createHash("sha256").update(image).digest("hex");
const isNew = (image: Uint8Array) => Buffer.compare(image, NEW) === 0;

/** Boots the firmware in the slot that the boot loader chooses: 1.0.0 is the old image, 2.0.0 the new one. */
function bootOn(world: FakeWorld, { overrides: more, ...options }: FakeBootOptions = {}) {
  const overrides = {
    get firmwareVersion() {
      return isNew(world.flash.running.image) ? "2.0.0" : "1.0.0";
    },
    model: "m1",
    wallClockMs: () => Date.UTC(2026, 10, 30) + world.clock.monotonicMs(),
  };
  Object.defineProperties(overrides, Object.getOwnPropertyDescriptors(more ?? {}));
  return world.boot({ inventory: true, download: TUNING, overrides, ...options });
}

const reportsTo = ({ cloud }: FakeWorld) => cloud.published.filter(({ topic }) => topic === TOPIC);
const reported = ({ cloud }: FakeWorld) => cloud.shadows.get("fota");

describe("what runs is reported", () => {
  test("once, with everything that is known; a restart alone is no news", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    await bootOn(world).handle({ force: true });
    expect(reported(world)).toEqual({
      version: "1.0.0",
      slot: 0,
      model: "m1",
      agent: AGENT,
      bootedAt: "2026-11-30T00:00:00.000Z",
    });
    const device = bootOn(world);
    for (let pass = 0; pass < 3; pass += 1) await device.handle({ force: pass === 0 });
    expect(reportsTo(world)).toHaveLength(1);
  });

  test("off by default: no message", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    await world.boot({ overrides: { firmwareVersion: "1.0.0" } }).handle({ force: true });
    expect(reportsTo(world)).toHaveLength(0);
  });

  test("after an update, with the digest of its image, and remembered over restarts", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    world.cloud.addJob("job-1", documentOf(NEW, 1, { bc_version: "2.0.0" }));
    await bootOn(world).handle({ force: true });
    expect(reported(world)).toBeUndefined(); // the update came first
    await bootOn(world).handle({ force: true });
    const after = { version: "2.0.0", slot: 1, imageSha256: sha256Of(NEW) };
    expect(reported(world)).toMatchObject(after);
    await bootOn(world).handle({ force: true });
    expect(reportsTo(world)).toHaveLength(1);
    expect(reported(world)).toMatchObject(after);
  });

  test("the version of the job document counts where the firmware does not state its own", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const { bc_sha256: _, ...document } = documentOf(NEW, 1, { bc_version: "2.0.0" });
    world.cloud.addJob("job-1", document);
    for (let boot = 0; boot < 3; boot += 1) await world.boot({ inventory: true }).handle({ force: true });
    expect(reported(world)).toMatchObject({ version: "2.0.0", slot: 1, imageSha256: sha256Of(NEW) });
  });

  test("what is no longer known is removed from the shadow", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    await bootOn(world).handle({ force: true });
    await bootOn(world, { overrides: { firmwareVersion: undefined as never } }).handle({ force: true });
    expect(reported(world)).not.toHaveProperty("version");
    expect(reported(world)).toHaveProperty("model", "m1");
  });

  test("after a revert, it is the old image that is reported", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    await bootOn(world).handle({ force: true });
    const execution = world.cloud.addJob("job-1", documentOf(NEW, 1));
    const selfTest = async () => false;
    for (let boot = 0; boot < 4; boot += 1) await bootOn(world, { selfTest }).handle({ force: true });
    expect(execution.status).toBe("FAILED");
    expect(reported(world)).toMatchObject({ version: "1.0.0", slot: 0 });
    expect(reportsTo(world)).toHaveLength(1);
  });
});

describe("a report that is not accepted", () => {
  test("is repeated after a delay that grows, and only then", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    world.cloud.fault = (topic) => (topic === TOPIC ? { code: "429" } : undefined);
    const device = bootOn(world);
    await device.handle({ force: true });
    await device.handle();
    expect(reportsTo(world)).toHaveLength(1);
    await world.clock.run(world.clock.sleep(60_000));
    await device.handle();
    await world.clock.run(world.clock.sleep(60_000));
    await device.handle();
    expect(reportsTo(world)).toHaveLength(2);
    world.cloud.fault = () => undefined;
    await world.clock.run(world.clock.sleep(120_000));
    await device.handle();
    expect(reported(world)).toMatchObject({ version: "1.0.0" });
    await world.clock.run(world.clock.sleep(7_200_000));
    await device.handle();
    expect(reportsTo(world)).toHaveLength(3);
  });

  test("FotaAgent wakes up for it without a notification", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    world.cloud.fault = (topic, _payload, count) => (topic === TOPIC && count < 6 ? "lose" : undefined);
    const { device, jobs } = bootOn(world);
    const agent = new FotaAgent(device, jobs);
    agent.start();
    while (reported(world) === undefined) await world.clock.run(world.clock.sleep(10_000));
    await world.clock.run(world.clock.sleep(7_200_000));
    await world.clock.run(agent.stop());
    expect(reportsTo(world).length).toBeGreaterThan(1);
    expect(world.clock.monotonicMs()).toBeGreaterThan(60_000);
  });

  test("a broker that closes the connection is left alone after three reports, and updates go on", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const device = bootOn(world);
    const { mqtt } = device.jobs;
    const publish = mqtt.publish.bind(mqtt);
    let refused = 0;
    mqtt.publish = async (topic, payload) => {
      if (topic !== TOPIC) return await publish(topic, payload);
      refused += 1;
      throw new FotaError("MQTT_CLOSED", "thing-1 is not connected");
    };
    for (let hour = 0; hour < 6; hour += 1) {
      await device.handle({ force: hour === 0 });
      await world.clock.run(world.clock.sleep(3_600_000));
    }
    expect(refused).toBe(3);
    expect(world.logged.filter((line) => line.includes("until the device restarts"))).toHaveLength(1);
    world.cloud.addJob("job-1", documentOf(NEW, 1));
    expect(await device.handle()).toBe("power-cut");
  });

  test("a state that cannot be read or saved harms nothing but the report", async () => {
    const world = new FakeWorld({ old: OLD, new: NEW });
    const execution = world.cloud.addJob("job-1", documentOf(NEW, 1));
    for (let boot = 0; boot < 2; boot += 1) {
      const device = bootOn(world);
      world.flash.inventory = "{torn";
      await device.handle({ force: true });
    }
    expect(execution.status).toBe("SUCCEEDED");
    expect(reported(world)).toMatchObject({ version: "2.0.0" });
  });
});

test("the power cut at every port call: the last report is what runs, after an update and after a revert", async () => {
  for (const isGood of [true, false]) {
    const calls = await tellInventory(isGood);
    let points = 0;
    for (const [boot, count] of calls.entries()) {
      for (let call = 1; call <= count; call += 1) {
        for (const point of ["before", "during", "after"] as const) {
          await tellInventory(isGood, { boot, call, point });
          points += 1;
        }
      }
    }
    expect(points).toBeGreaterThan(100);
  }
});

/** Runs one update with one power cut, then checks the report against the image that runs. Returns the calls by boot. */
async function tellInventory(
  isGood: boolean,
  cut?: { boot: number; call: number; point: CutPoint },
): Promise<number[]> {
  const world = new FakeWorld({ old: OLD, new: NEW });
  await bootOn(world).handle({ force: true });
  const execution = world.cloud.addJob("job-1", documentOf(NEW, 1, { bc_version: "2.0.0" }));
  const calls: number[] = [];
  for (let boot = 0; boot < 8; boot += 1) {
    const power = cut?.boot === boot ? new Power(cut.call, cut.point) : new Power();
    const device = bootOn(world, { power, selfTest: async () => isGood });
    const result = await device.handle({ force: true });
    calls.push(power.calls);
    if (result !== "power-cut" && isTerminal(execution.status)) break;
  }
  // A boot without a cut repeats a report that a cut has lost.
  await bootOn(world).handle({ force: true });
  const { image, slot } = world.flash.running;
  const at = JSON.stringify(cut);
  expect(reported(world), at).toMatchObject({ version: isNew(image) ? "2.0.0" : "1.0.0", slot });
  if (isNew(image)) expect([undefined, sha256Of(NEW)], at).toContain(reported(world)?.["imageSha256"]);
  return calls;
}
