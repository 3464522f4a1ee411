import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileDevice } from "../test/file-device.js";
import type { Slots } from "./core/ports.js";
import { legacyRecord } from "./legacy-record.js";
import { documentOf, FakeWorld, imageOf } from "./testing/index.js";

const OLD = imageOf(1, 5_000);
const NEW = imageOf(2, 20_000);

function worldWithJob() {
  const world = new FakeWorld({ old: OLD, new: NEW });
  return { world, execution: world.cloud.addJob("job-1", documentOf(NEW, 1)) };
}

async function firstJob(world: FakeWorld) {
  const { jobs } = world.boot();
  const [, [job]] = await world.clock.run(jobs.list());
  if (job === undefined) throw new Error("no job");
  return job;
}

describe("the boot record, on the slots of a gateway", () => {
  const slotSizeBytes = 64 * 1024;
  /** Items 4 and 5 of `get_record`: slot of the current and of the last working image. */
  const slotsOf = async (slots: Slots) => legacyRecord(await slots.record()).slice(4, 6);
  const makeDevice = () => fileDevice(slotSizeBytes, (dir) => writeFile(join(dir, "slot-0"), OLD));

  async function attempted() {
    const device = await makeDevice();
    await device.slots.erase(1, NEW.length);
    await device.slots.write(1, 0, NEW);
    await device.slots.close(1);
    await device.slots.attempt(1);
    return device;
  }

  test("P-31, P-32: attempt changes the current slot for the next restart and keeps the last working one", async () => {
    const device = await attempted();
    expect(await slotsOf(device.slots)).toEqual([1, 0]);
    expect((await device.slots.record()).runningSlot).toBe(0);
    expect((await (await device.reboot()).record()).runningSlot).toBe(1);
    await device.dispose?.();
  });

  test("P-33: accept makes what runs the last working one, and stays after restarts", async () => {
    const device = await attempted();
    await (await device.reboot()).accept();
    await device.reboot();
    expect(await slotsOf(await device.reboot())).toEqual([1, 1]);
    await device.dispose?.();
  });

  test("P-34: a restart without accept reverts", async () => {
    const device = await attempted();
    await device.reboot();
    const slots = await device.reboot();
    expect(await slotsOf(slots)).toEqual([0, 0]);
    expect((await slots.record()).runningSlot).toBe(0);
    await device.dispose?.();
  });

  test("P-35: write keeps no cursor, and close may be called once, twice or without a write", async () => {
    const device = await makeDevice();
    await device.slots.erase(1, 6);
    await device.slots.write(1, 3, new TextEncoder().encode("def"));
    await device.slots.write(1, 0, new TextEncoder().encode("abc"));
    await device.slots.close(1);
    await device.slots.close(1);
    const { md5 } = await device.slots.digest(1, 6);
    expect(md5).toBe("e80b5017098950fc58aad83c8c14978e"); // printf abcdef | md5sum
    await device.dispose?.();
  });
});

test("P-36, P-37: unusable slots end the job with a cause, and nothing is thrown", async () => {
  const { world, execution } = worldWithJob();
  const device = world.boot();
  device.device.slots.record = async () => {
    throw new Error("no OTA support");
  };
  expect(await device.handle({ force: true })).toBeUndefined();
  expect(execution).toMatchObject({
    status: "FAILED",
    statusDetails: { reason: "slot-failed", detail: "no OTA support" },
  });
  expect(device.power.trace).not.toContain("slots.erase");
});

test("P-39: erase when the image comes, stream, close, read back, and only then the boot record", async () => {
  const { world } = worldWithJob();
  const device = world.boot();
  await device.handle({ force: true });
  const flash = device.power.trace.filter((call) =>
    /^(slots\.(?!record)|http\.get|mqtt\.disconnect)/.test(call),
  );
  const order = flash.filter((call, i) => call !== flash[i - 1]);
  expect(order).toEqual([
    "slots.digest", // whether the image runs already
    "mqtt.disconnect",
    "slots.sync",
    "slots.digest", // whether the slot holds it already
    "http.get",
    "slots.erase",
    "slots.write",
    "slots.sync",
    "slots.close",
    "slots.digest",
    "slots.attempt",
    "mqtt.disconnect",
    "slots.restart",
  ]);
});

test("P-23: concurrent requests each get their own answer, and a refusal is reported", async () => {
  const { world } = worldWithJob();
  const { jobs } = world.boot();
  const [first, second] = await world.clock.run(Promise.all([jobs.list(), jobs.list()]));
  expect([first, second].map(([, queued]) => queued.map(String))).toEqual([
    ["job-1@thing-1"],
    ["job-1@thing-1"],
  ]);
  world.cloud.fault = () => ({ code: "InvalidTopic" });
  await expect(world.clock.run(jobs.list())).rejects.toMatchObject({ code: "REQUEST_REJECTED" });
});

test("P-25: the statuses and the text of a job", async () => {
  const { world, execution } = worldWithJob();
  const job = await firstJob(world);
  expect([job.status, `${job}`]).toEqual(["QUEUED", "job-1@thing-1"]);
  for (const status of ["IN_PROGRESS", "REJECTED"] as const) {
    expect(await world.clock.run(job.update(status))).toBe(true);
    expect([job.status, execution.status]).toEqual([status, status]);
  }
});

test("P-29: a listed job can be updated before it is described; its document is there only after", async () => {
  const { world } = worldWithJob();
  const job = await firstJob(world);
  expect(job.document).toBeUndefined();
  expect(await world.clock.run(job.update("IN_PROGRESS"))).toBe(true);
  expect(await world.clock.run(job.describe())).toBe(true);
  expect(job.document).toMatchObject({ operation: "fota" });
});

test("P-52: force once after connecting finds what was queued before; without it the loop costs nothing", async () => {
  const { world } = worldWithJob();
  world.server.fault = () => ({ status: 404 });
  const device = world.boot();
  await device.handle({ force: true });
  expect(world.cloud.accepted).toEqual(["IN_PROGRESS", "FAILED"]);
  await device.handle(); // the end of the job was a notification
  const messages = world.cloud.published.length;
  for (let turn = 0; turn < 5; turn += 1) expect(await device.handle()).toBeUndefined();
  expect(world.cloud.published.length).toBe(messages);
});

test("B-30: details belong to one call: none given is none sent, whatever an earlier update had", async () => {
  const { world, execution } = worldWithJob();
  const job = await firstJob(world);
  const details = { phase: "downloading" };
  const sent = world.clock.run(job.update("IN_PROGRESS", details));
  details.phase = "changed by the caller meanwhile";
  await sent;
  expect(execution.statusDetails).toEqual({ phase: "downloading" });
  await world.clock.run(job.update("IN_PROGRESS"));
  expect(execution.statusDetails).toEqual({});
});

test("the time of day jumps back a year at each look: the update ends SUCCEEDED", async () => {
  const { world, execution } = worldWithJob();
  execution.document = documentOf(NEW, 1, { bc_exp: 1_800_000_000 });
  let nowMs = 1_799_999_999_000;
  const overrides = {
    wallClockMs: () => {
      nowMs -= 365 * 86_400_000;
      return nowMs;
    },
  };
  world.server.fault = (_get, count) => (count === 1 ? { cutAfterBytes: 7_000 } : undefined);
  await world.boot({ overrides }).handle({ force: true });
  await world.boot({ overrides }).handle({ force: true });
  expect(execution.status).toBe("SUCCEEDED");
  expect(world.server.starts).toEqual([0, 7_000]);
});
