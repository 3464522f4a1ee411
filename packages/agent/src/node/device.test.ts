import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFotaError } from "@fota/shared";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { takeLock } from "../boot/socket-lock.js";
import { nodeDevice } from "./device.js";
import { fileSlots } from "./file-slots.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-device-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

test("the running slot is the one that fota-boot names, or the one that is given", async () => {
  vi.stubEnv("FOTA_SLOT", "1");
  expect((await nodeDevice({ dir }).slots.record()).runningSlot).toBe(1);
  expect((await nodeDevice({ dir, runningSlot: 0 }).slots.record()).runningSlot).toBe(0);
});

test.each([undefined, "", "one", "-1"])("FOTA_SLOT %s is not guessed about", (slot) => {
  vi.stubEnv("FOTA_SLOT", slot);
  let error: unknown;
  try {
    nodeDevice({ dir });
  } catch (thrown) {
    error = thrown;
  }
  expect(isFotaError(error, "RUNNING_SLOT_UNKNOWN") && error.hint).toMatch(
    /start the firmware with fota-boot/,
  );
});

test("slots elsewhere take the place of those in the folder, with what they know themselves", () => {
  const slots = fileSlots({ dir: join(dir, "elsewhere"), runningSlot: 1, slotSizeBytes: 4096 });
  expect(nodeDevice({ dir, slots }).slots).toBe(slots);
  expect(() => nodeDevice({ dir, slots, runningSlot: 0 })).toThrow(/cannot be combined with slots/);
});

test("model and version are there when they are given, and only then", () => {
  expect(nodeDevice({ dir, runningSlot: 0 })).not.toHaveProperty("model");
  const device = nodeDevice({ dir, runningSlot: 0, model: "gw-2", firmwareVersion: "1.2.0" });
  expect(device).toMatchObject({ model: "gw-2", firmwareVersion: "1.2.0" });
});

test("patches are downloaded unless they are turned off", () => {
  expect(nodeDevice({ dir, runningSlot: 0 })).toHaveProperty("delta");
  expect(nodeDevice({ dir, runningSlot: 0, delta: false })).not.toHaveProperty("delta");
});

test("a limit of the download that is too low is refused", () => {
  expect(() => nodeDevice({ dir, runningSlot: 0, maxBytesPerSecond: 100 })).toThrow(
    /maxBytesPerSecond is 100/,
  );
});

test("a second agent on the folder is refused, until the first is gone", async () => {
  const first = await takeLock(dir, "agent");
  if (first.kind !== "held") throw new Error(first.kind);
  const { slots } = nodeDevice({ dir, runningSlot: 0 });
  await expect(slots.record()).rejects.toMatchObject({
    code: "DEVICE_BUSY",
    message: `another agent is using ${dir}`,
  });
  await first.release();
  expect((await slots.record()).runningSlot).toBe(0);
});
