import { execFileSync, spawnSync } from "node:child_process";
import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isFotaError } from "@fota/shared";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { initBootRecord, readBootRecord } from "../src/boot/boot-record.js";
import { installFirstImage } from "../src/boot/install.js";
import { fileSlots } from "../src/node/file-slots.js";
import { slotContract } from "../src/testing/index.js";
import { fileDevice } from "./file-device.js";
import { attachLoop, type LoopDevice } from "./loop-device.js";

const SIZE_BYTES = 1024 * 1024;
const MOUNTABLE_SIZE_BYTES = 4 * 1024 * 1024;

const hasMke2fs = spawnSync("mke2fs", ["-V"]).error === undefined;
const devices: LoopDevice[] = [];
for (const sizeBytes of [SIZE_BYTES, MOUNTABLE_SIZE_BYTES]) {
  const device = attachLoop(sizeBytes);
  if (device !== undefined) devices.push(device);
}
const [small, large] = devices;
afterAll(() => {
  for (const device of devices) device.detach();
});

if (small === undefined || large === undefined) {
  test.skip("block devices: losetup makes none here (it needs root and a kernel with loop devices)", () => {});
} else {
  describe("contract", () => {
    const cases = slotContract("fileSlots on block devices", () =>
      fileDevice(Number.MAX_SAFE_INTEGER, async (folder) => {
        await link(folder, 0, small);
        await link(folder, 1, large);
        await writeFile(small.path, "the first image");
      }),
    );
    for (const { name, run } of cases) test(name, run);
  });

  describe("a block device", () => {
    let dir: string;
    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), "fota-block-"));
      await writeFile(join(dir, "slot-0"), "running");
      await link(dir, 1, small);
      await initBootRecord(dir, 0);
    });
    afterEach(async () => await rm(dir, { recursive: true }));
    const slotsOf = (slotSizeBytes = Number.MAX_SAFE_INTEGER) =>
      fileSlots({ dir, runningSlot: 0, slotSizeBytes });

    test("takes the first image, and stays the slot", async () => {
      const installed = await mkdtemp(join(tmpdir(), "fota-block-install-"));
      const image = join(installed, "image");
      await link(installed, 0, small);
      await writeFile(small.path, Buffer.alloc(SIZE_BYTES, "old"));
      await writeFile(image, Buffer.alloc(300_000, "new"));
      expect(await installFirstImage(installed, image, false)).toBe(300_000);
      expect((await readFile(small.path)).subarray(0, 300_000).equals(Buffer.alloc(300_000, "new"))).toBe(
        true,
      );
      expect((await lstat(join(installed, "slot-0"))).isSymbolicLink()).toBe(true);
      await writeFile(image, Buffer.alloc(SIZE_BYTES + 1));
      await expect(installFirstImage(installed, image, true)).rejects.toMatchObject({ code: "SLOT_ACCESS" });
      expect((await readFile(small.path)).subarray(0, 3).toString()).toBe("new");
      await rm(installed, { recursive: true });
    });

    test("has its own size, which the bound can only lower", async () => {
      expect((await slotsOf().record()).slotSizeBytes).toBe(SIZE_BYTES);
      expect((await slotsOf(4096).record()).slotSizeBytes).toBe(4096);
    });

    test("erased: the head of the old image is gone, and the device is neither bootable nor shorter", async () => {
      await writeFile(small.path, Buffer.alloc(SIZE_BYTES, "old"));
      const slots = slotsOf();
      await slots.erase(1, 1);
      const bytes = await readFile(small.path);
      expect(bytes.length).toBe(SIZE_BYTES);
      expect(bytes.subarray(0, 128 * 1024).every((byte) => byte === 0)).toBe(true);
      await expect(slots.attempt(1)).rejects.toThrow(/slot 1 holds no image to boot/);
      expect((await readBootRecord(dir))?.currentSlot).toBe(0);
    });

    test.skipIf(!hasMke2fs)("is refused while it is mounted, by the kernel", async () => {
      execFileSync("mke2fs", ["-q", "-F", large.path], { stdio: "pipe" });
      await rm(join(dir, "slot-1"));
      await link(dir, 1, large);
      const mountPoint = join(dir, "mounted");
      await mkdir(mountPoint);
      execFileSync("mount", ["-o", "ro", large.path, mountPoint]);
      const before = await readFile(large.path);
      try {
        const slots = slotsOf();
        for (const refused of [() => slots.erase(1, 1), () => slots.write(1, 0, new Uint8Array([1]))]) {
          const error = await refused().catch((thrown: unknown) => thrown);
          expect(isFotaError(error, "SLOT_ACCESS") && error.message).toMatch(
            /the device is in use \(EBUSY\)/,
          );
        }
      } finally {
        execFileSync("umount", [mountPoint]);
      }
      expect(before.equals(await readFile(large.path))).toBe(true);
    });

    test("that is the running slot under another name is refused", async () => {
      await rm(join(dir, "slot-0"));
      await link(dir, 0, small);
      const slots = slotsOf();
      const error = await slots.erase(1, 1).catch((thrown: unknown) => thrown);
      expect(isFotaError(error, "SLOT_RUNNING") && error.message).toMatch(/slot 0 under another name/);
    });

    test("at the end of which an image would not fit is refused before it is written", async () => {
      const slots = slotsOf();
      await expect(slots.erase(1, SIZE_BYTES + 1)).rejects.toThrow(
        `${SIZE_BYTES + 1} bytes do not fit slot 1 of ${SIZE_BYTES} bytes`,
      );
    });
  });
}

test("a link to a missing device is refused, and no file is created in its place", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fota-block-"));
  const missing = "/dev/fota-no-such-device";
  await writeFile(join(dir, "slot-0"), "running");
  await symlink(missing, join(dir, "slot-1"));
  await initBootRecord(dir, 0);
  const slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes: 4096 });
  await expect(slots.erase(1, 1)).rejects.toThrow(`device ${missing} does not exist`);
  await expect(readFile(missing)).rejects.toMatchObject({ code: "ENOENT" });
  await rm(dir, { recursive: true });
});

async function link(folder: string, slot: number, device: LoopDevice): Promise<void> {
  await symlink(device.path, join(folder, `slot-${slot}`));
}
