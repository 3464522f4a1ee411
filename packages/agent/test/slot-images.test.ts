import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parseState, serializeState } from "../src/core/saved-state.js";
import type { FakeBootOptions, FakeProcess } from "../src/testing/index.js";
import { documentOf, FakeWorld, imageOf, Power } from "../src/testing/index.js";
import { eachCut } from "./each-cut.js";

// Before a download, the agent reads the slot to see whether it holds the image already. It saves which image it last
// began to write to each slot, and so knows of another image without reading.

const OLD = imageOf(1, 5_000);
const A = imageOf(2, 20_000);
const B = imageOf(3, 20_000);
const TUNING = { journalBytes: 8_000, journalIntervalMs: 0, bufferBytes: 4_000 };
const md5Of = (image: Uint8Array) => createHash("md5").update(image).digest("hex");

interface Told {
  fetchedBytes: number;
  /** Slots that were read as a whole before the first erase. */
  reads: number[];
}

/** A device whose trials fail, so that slot 0 always runs. */
class Device {
  readonly world = new FakeWorld({ old: OLD, new: A }, { slotCount: 3 });
  #jobs = 0;

  /** Boots. Adds to `reads` the slots that are read as a whole before one is erased, but for the running one. */
  boot(reads: number[] = [], options: FakeBootOptions = {}): FakeProcess {
    const booted = this.world.boot({ download: TUNING, selfTest: async () => false, ...options });
    const { slots } = booted.device;
    const { digest, erase } = slots;
    let isErased = false;
    slots.digest = async (slot, sizeBytes) => {
      if (!isErased && slot !== 0) reads.push(slot);
      return await digest(slot, sizeBytes);
    };
    slots.erase = async (slot, sizeBytes) => {
      isErased = true;
      await erase(slot, sizeBytes);
    };
    return booted;
  }

  addJob(image: Uint8Array, slot = 1) {
    this.world.server.object = image;
    this.#jobs += 1;
    return this.world.cloud.addJob(`job-${this.#jobs}`, documentOf(image, slot));
  }

  /** Runs a job for an image until its trial has failed. */
  async runJob(image: Uint8Array, slot = 1): Promise<Told> {
    const execution = this.addJob(image, slot);
    const { server } = this.world;
    const [before, reads] = [server.sentBytes, [] as number[]];
    for (let boot = 0; boot < 3; boot += 1) {
      await this.boot(boot === 0 ? reads : []).handle({ force: true });
      if (boot === 0) expect(this.holds(image, slot), "the slot holds the image").toBe(true);
    }
    expect(execution.statusDetails["reason"]).toBe("self-test-failed");
    return { fetchedBytes: server.sentBytes - before, reads };
  }

  async updateWithoutJob(image: Uint8Array): Promise<Told> {
    const { server, clock } = this.world;
    server.object = image;
    const [before, reads] = [server.sentBytes, [] as number[]];
    const { fota } = this.boot(reads);
    expect(await clock.run(fota.update(documentOf(image, 1)))).toBe(true);
    return { fetchedBytes: server.sentBytes - before, reads };
  }

  /** What the saved state says of slot 1. */
  get known(): string | undefined {
    return JSON.parse(this.world.flash.state ?? "{}").images?.[1];
  }

  holds(image: Uint8Array, slot = 1): boolean {
    return Buffer.compare(this.world.flash.slotBytes(slot).subarray(0, image.length), image) === 0;
  }

  /** Writes an image to slot 1 past the agent. */
  async writePast(image: Uint8Array): Promise<void> {
    const { slots } = this.world.boot().device;
    await slots.erase(1, image.length);
    await slots.write(1, 0, image);
    await slots.sync(1);
  }
}

const DOWNLOADED_UNREAD: Told = { fetchedBytes: 20_000, reads: [] };
const DOWNLOADED: Told = { fetchedBytes: 20_000, reads: [1] };
/** Read twice: a slot that lacks the last byte has the same digests. */
const FOUND: Told = { fetchedBytes: 0, reads: [1, 1] };

test("the first image goes to a slot that is read, the next ones to one that is not", async () => {
  const device = new Device();
  expect(await device.runJob(A)).toEqual(DOWNLOADED);
  expect(await device.runJob(B)).toEqual(DOWNLOADED_UNREAD);
  expect(await device.runJob(A)).toEqual(DOWNLOADED_UNREAD);
  expect(await device.runJob(A), "the same image again").toEqual(FOUND);
});

test("each slot is known by itself", async () => {
  const device = new Device();
  await device.runJob(A, 1);
  expect(await device.runJob(B, 2)).toEqual({ fetchedBytes: 20_000, reads: [2] });
  expect(await device.runJob(A, 1), "still in its slot").toEqual(FOUND);
  expect(await device.runJob(A, 2)).toEqual({ fetchedBytes: 20_000, reads: [] });
});

test("updates without a job know the slot, and leave no update in progress", async () => {
  const device = new Device();
  await device.runJob(A);
  expect(await device.updateWithoutJob(B)).toEqual(DOWNLOADED_UNREAD);
  expect(JSON.parse(device.world.flash.state ?? "")).toMatchObject({ state: { phase: "idle" } });
  expect(await device.updateWithoutJob(B)).toMatchObject({ fetchedBytes: 0 });
  expect(await device.runJob(B)).toEqual(FOUND);
  expect(await device.updateWithoutJob(A)).toEqual(DOWNLOADED_UNREAD);
});

test("an update without a job does not start if it cannot save that it changes the slot", async () => {
  const device = new Device();
  await device.runJob(A);
  const booted = device.boot();
  booted.device.state.save = () => Promise.reject(new Error("no space left on device"));
  device.world.server.object = B;
  expect(await device.world.clock.run(booted.fota.update(documentOf(B, 1)))).toBe(false);
  expect(device.world.logged.at(-1)).toContain("no space left on device");
  expect(device.holds(A)).toBe(true);
});

test("an image that something else wrote to the slot costs a download", async () => {
  const device = new Device();
  await device.runJob(A);
  await device.writePast(B);
  expect(await device.runJob(B)).toEqual(DOWNLOADED_UNREAD);
});

test("a slot that something else changed is never taken for the image that the agent wrote", async () => {
  const device = new Device();
  await device.runJob(A);
  await device.writePast(A.map((byte, i) => (i === 19_999 ? byte ^ 1 : byte)));
  expect(await device.runJob(A)).toEqual(DOWNLOADED);
});

test("an older agent drops what it does not know: the slot is read", async () => {
  const device = new Device();
  await device.runJob(A);
  device.world.flash.state = serializeState(parseState(device.world.flash.state ?? "") ?? { phase: "idle" });
  expect(await device.runJob(B)).toEqual(DOWNLOADED);
});

test.each(['"1"', "7", "null", '{"1":7}', '{"1":null}', '["x"]'])(
  "with %s for the images, updates go on",
  async (images) => {
    const device = new Device();
    await device.runJob(A);
    device.world.flash.state = `{"version":1,"state":{"phase":"idle"},"images":${images}}`;
    expect(await device.runJob(B)).toMatchObject({ fetchedBytes: 20_000 });
    expect(device.known).toBe(md5Of(B));
  },
);

test("the power is cut at every port call of a download over another image: the state is never wrong of the slot", async () => {
  async function cutIn(power: Power) {
    const device = new Device();
    await device.runJob(A);
    const execution = device.addJob(B);
    expect(await device.boot([], { power }).handle({ force: true })).toBe("power-cut"); // at the restart at last
    return { device, execution };
  }
  const undisturbed = new Power();
  await cutIn(undisturbed);
  for (const { at } of eachCut([undisturbed.calls])) {
    const power = new Power(at.call, at.point);
    const { device, execution } = await cutIn(power);
    const last = power.trace.at(-1) ?? "";
    const where = `cut ${at.point} call ${at.call}, ${last}`;
    device.world.flash.boot();
    const [holdsA, holdsB, known] = [device.holds(A), device.holds(B), device.known];
    expect(known, where).toBeOneOf([md5Of(A), md5Of(B)]);
    if (holdsB) expect(known, where).toBe(md5Of(B));
    if (!holdsA) expect(known, where).toBe(md5Of(B));
    // The slot counts as changed from the save on, which is right before its erase.
    if (known === md5Of(B) && holdsA) expect(last, where).toMatch(/^(state\.save|slots\.erase)$/);
    device.world.cloud.cancel(execution);
    await device.boot().handle({ force: true });
    const again = await device.runJob(B);
    if (holdsB) expect(again.fetchedBytes, where).toBe(0);
  }
});
