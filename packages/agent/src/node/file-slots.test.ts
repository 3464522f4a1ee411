import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFotaError } from "@fota/shared";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileDevice } from "../../test/file-device.js";
import { initBootRecord, readBootRecord, writeBootRecord } from "../boot/boot-record.js";
import { slotHolds } from "../core/verify.js";
import { slotContract } from "../testing/index.js";
import { fileSlots } from "./file-slots.js";

const slotSizeBytes = 64 * 1024;

describe("contract", () => {
  const cases = slotContract("fileSlots", () =>
    fileDevice(slotSizeBytes, (folder) => writeFile(join(folder, "slot-0"), "the first image")),
  );
  for (const { name, run } of cases) test(name, run);
});

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-slots-"));
});
afterEach(async () => await rm(dir, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

async function refusal(action: Promise<unknown>) {
  const error = await action.then(() => undefined).catch((thrown: unknown) => thrown);
  if (!isFotaError(error)) throw new Error(`not refused with a FotaError: ${String(error)}`);
  return error;
}

test("sync makes durable what an earlier process wrote, and minds no slot without an image", async () => {
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes });
  await slots.sync(1);
  await writeFile(join(dir, "slot-1"), "an image");
  const handle = await open(join(dir, "slot-1"));
  const sync = vi.spyOn(Object.getPrototypeOf(handle), "sync");
  try {
    await slots.sync(1);
    expect(sync).toHaveBeenCalledTimes(1);
  } finally {
    sync.mockRestore();
    await handle.close();
  }
});

test("an image that begins with all bytes of another one does not count as that one", async () => {
  const image = bytes("an image");
  const hex = (algorithm: string) => createHash(algorithm).update(image).digest("hex");
  const target = { sizeBytes: image.length, md5: hex("md5"), sha256: hex("sha256") };
  await writeFile(join(dir, "slot-0"), "an image and more");
  await writeFile(join(dir, "slot-1"), image);
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes });
  expect([await slotHolds(slots, 0, target), await slotHolds(slots, 1, target)]).toEqual([false, true]);
});

test("an image is a file that can be executed", async () => {
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes });
  await slots.erase(1, 5);
  await slots.write(1, 0, bytes("image"));
  await slots.close(1);
  expect(await readFile(join(dir, "slot-1"), "utf8")).toBe("image");
  expect((await stat(join(dir, "slot-1"))).mode & 0o777).toBe(0o755);
});

test("an empty folder gets a record with the running slot confirmed", async () => {
  const slots = fileSlots({ dir: join(dir, "new"), runningSlot: 1, slotSizeBytes });
  expect(await slots.record()).toEqual({
    runningSlot: 1,
    currentSlot: 1,
    workingSlot: 1,
    slotCount: 2,
    slotSizeBytes,
  });
});

test("the record tells why fota-boot reverted; an empty reason is none", async () => {
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes });
  const settled = { currentSlot: 0, workingSlot: 0, trialBoots: 0 };
  await writeBootRecord(dir, { ...settled, failure: "slot 1 failed on trial (exit 3)" });
  expect(await slots.record()).toHaveProperty("failure", "slot 1 failed on trial (exit 3)");
  await writeBootRecord(dir, { ...settled, failure: "" });
  expect(await slots.record()).not.toHaveProperty("failure");
});

test("slots without a boot record are an error, not a guess", async () => {
  await writeFile(join(dir, "slot-0"), "image");
  const error = await refusal(fileSlots({ dir, runningSlot: 0, slotSizeBytes }).record());
  expect(error.code).toBe("BOOT_RECORD_INVALID");
});

test("the slot that a failed trial reverts to is not erased", async () => {
  await writeFile(join(dir, "slot-0"), "good");
  await writeBootRecord(dir, { currentSlot: 1, workingSlot: 0, trialBoots: 1 });
  const error = await refusal(fileSlots({ dir, runningSlot: 1, slotSizeBytes }).erase(0, 5));
  expect(error.message).toMatch(/slot 0 holds the image that the trial of slot 1 reverts to/);
  expect(await readFile(join(dir, "slot-0"), "utf8")).toBe("good");
});

test.each(["erase", "write"] as const)("%s cancels a trial that was scheduled for the slot", async (how) => {
  await writeFile(join(dir, "slot-1"), "scheduled");
  await writeBootRecord(dir, { currentSlot: 1, workingSlot: 0, trialBoots: 0 });
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes });
  await (how === "erase" ? slots.erase(1, 5) : slots.write(1, 0, bytes("other")));
  await slots.close(1);
  expect((await readBootRecord(dir))?.currentSlot).toBe(0);
});

test("an empty slot and the running one are not attempted", async () => {
  await initBootRecord(dir, 0);
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes });
  expect((await refusal(slots.attempt(1))).code).toBe("SLOT_ACCESS");
  expect((await refusal(slots.attempt(0))).code).toBe("SLOT_RUNNING");
  expect((await readBootRecord(dir))?.currentSlot).toBe(0);
});

test("an image larger than the free space is refused before the slot is touched", async () => {
  await initBootRecord(dir, 0);
  await writeFile(join(dir, "slot-1"), "old");
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes: Number.MAX_SAFE_INTEGER });
  const error = await refusal(slots.erase(1, 2 ** 52));
  expect(error.message).toMatch(/the image needs 4503599627370496 bytes/);
  expect(await readFile(join(dir, "slot-1"), "utf8")).toBe("old");
});

test("whatever else the file system refuses is SLOT_ACCESS", async () => {
  await initBootRecord(dir, 0);
  await mkdir(join(dir, "slot-1"));
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes });
  expect((await refusal(slots.erase(1, 1))).code).toBe("SLOT_ACCESS");
  expect((await refusal(slots.write(1, 0, bytes("x")))).code).toBe("SLOT_ACCESS");
  expect((await refusal(slots.digest(1, 1))).code).toBe("SLOT_ACCESS");
});

describe("a confirm belongs to one boot", () => {
  const tried = { currentSlot: 1, workingSlot: 0, trialBoots: 1 };
  const slotsOf = (bootId?: string) =>
    fileSlots({ dir, runningSlot: 1, slotSizeBytes, ...(bootId !== undefined && { bootId }) });

  test("a confirm notes the image as it is then, also if that changed its own file on trial", async () => {
    await writeBootRecord(dir, tried);
    await writeFile(join(dir, "slot-1"), "as it was verified");
    const slots = slotsOf();
    await slots.digest(1, 18);
    await writeFile(join(dir, "slot-1"), "as it is now");
    await slots.accept();
    const sha256 = createHash("sha256").update("as it is now").digest("hex");
    expect((await readBootRecord(dir))?.confirmed).toEqual([{ slot: 1, sizeBytes: 12, sha256 }]);
  });

  test("the boot that the trial is in confirms it", async () => {
    await writeBootRecord(dir, { ...tried, bootId: "b-1" });
    await slotsOf("b-1").accept();
    expect(await readBootRecord(dir)).toEqual({ currentSlot: 1, workingSlot: 1, trialBoots: 0 });
  });

  test.each([
    ["another boot of the same slot", { ...tried, trialBoots: 2, bootId: "b-2" }, "b-1", /boot b-2, .* b-1$/],
    ["a process that names no boot", { ...tried, bootId: "b-2" }, undefined, /b-2, .* an unknown boot$/],
    ["a trial that was scheduled again", { ...tried, trialBoots: 0 }, "b-1", /has not been booted/],
    ["a trial given up", { currentSlot: 0, workingSlot: 0, trialBoots: 0 }, "b-1", /slot 0 boots next/],
  ])("%s is not confirmed, reverted or changed", async (_, record, bootId, why) => {
    await writeBootRecord(dir, record);
    const slots = slotsOf(bootId);
    const error = await refusal(slots.accept());
    expect(error.code).toBe("TRIAL_OVER");
    expect(error.message).toMatch(why);
    await slots.revert();
    expect(await readBootRecord(dir)).toEqual(record);
  });

  test("a trial is not reverted if there is no image to revert to", async () => {
    await writeBootRecord(dir, { ...tried, bootId: "b-1" });
    expect(await refusal(slotsOf("b-1").revert())).toMatchObject({
      code: "FALLBACK_MISSING",
      message: "slot 0 holds no image to revert to",
    });
    expect((await readBootRecord(dir))?.currentSlot).toBe(1);
    await writeFile(join(dir, "slot-0"), "good");
    await slotsOf("b-1").revert();
    expect((await readBootRecord(dir))?.currentSlot).toBe(0);
  });

  test("launchers that name no boots, as of the first release, let the trial confirm itself", async () => {
    await writeBootRecord(dir, tried);
    await slotsOf("b-1").accept();
    expect(await readBootRecord(dir)).toEqual({ currentSlot: 1, workingSlot: 1, trialBoots: 0 });
  });

  test("a new trial starts without the boot of the one before", async () => {
    await writeFile(join(dir, "slot-1"), "image");
    await writeBootRecord(dir, { ...tried, bootId: "b-1" });
    await fileSlots({ dir, runningSlot: 0, slotSizeBytes }).attempt(1);
    expect(await readBootRecord(dir)).toEqual({ currentSlot: 1, workingSlot: 0, trialBoots: 0 });
  });
});
