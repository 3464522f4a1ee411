import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { BootRecord } from "../../src/core/ports.js";
import { docBlock } from "../doc-block.js";
import { partitionToBoot } from "../tryboot-device.js";
import { FatLinux, missingForFat } from "./fat/fat-linux.js";
import { AUTOBOOT_FOLDER, type TrybootMethod } from "./fat/guest-request.js";
import { tornDisks } from "./torn-states.js";

const run = promisify(execFile);
const MIB = 1024 * 1024;
/** Partition of each slot. */
const PARTITIONS = [2, 3];

/** File systems for the partition: that of Raspberry Pi OS, and with `FOTA_SWEEP=1` the others, too. */
const FILE_SYSTEMS = [
  { name: "FAT32", options: ["-F", "32", "-s", "1"], sizeMib: 36 },
  { name: "FAT16", options: ["-F", "16", "-s", "1"], sizeMib: 4 },
  { name: "FAT12", options: ["-F", "12"], sizeMib: 2 },
].slice(0, process.env["FOTA_SWEEP"] ? undefined : 1);

const missing = await missingForFat();
if (missing !== undefined) test.skip(`autoboot.txt on FAT in QEMU: ${missing}`, () => {});

describe.skipIf(missing !== undefined)("autoboot.txt on FAT that Linux mounts", () => {
  let dir: string;
  let linux: FatLinux;
  let powerCuts = 0;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "fota-fat-"));
    linux = await FatLinux.start(dir);
  });
  afterAll(async () => {
    await linux?.stop();
    await rm(dir, { recursive: true });
  });
  afterEach(({ task }) => {
    task.meta.bootLoader = "autoboot.txt on FAT";
    task.meta.powerCuts = powerCuts;
    powerCuts = 0;
  });

  /** Calls a method of the adapter in the device that runs `slot`. */
  async function call<T = void>(slot: number, method: TrybootMethod): Promise<T> {
    return await linux.call<T>({ do: "tryboot", runningSlot: slot, method });
  }

  async function whileMounted<T>(use: () => Promise<T>): Promise<T> {
    await linux.mount(AUTOBOOT_FOLDER);
    try {
      return await use();
    } finally {
      await linux.unmount(AUTOBOOT_FOLDER);
    }
  }

  /** Makes a new file system in the disk, with autoboot.txt as docs/raspberry-pi.md creates it. */
  async function format(options: readonly string[], sizeMib: number): Promise<void> {
    const image = join(dir, "new-file-system");
    await writeFile(image, "");
    await truncate(image, sizeMib * MIB);
    await run("mkfs.vfat", [...options, image]);
    linux.disk.write(0, await readFile(image));
    await whileMounted(async () => await linux.shell(await docBlock("raspberry-pi.md", "sh")));
  }

  /** Returns autoboot.txt as mtools reads it, which have their own code for FAT, as the firmware has. */
  async function readAutoboot(): Promise<string> {
    return (await run("mcopy", ["-i", linux.diskPath, "::autoboot.txt", "-"])).stdout;
  }

  const slotToBoot = (text: string, isTrial: boolean) => PARTITIONS.indexOf(partitionToBoot(text, isTrial));

  /** A check of the file system, which a device may run before it mounts it, keeps the file. */
  async function expectCheckKeeps(text: string): Promise<void> {
    await run("fsck.vfat", ["-a", linux.diskPath]).catch((error: { code?: number; stdout: string }) => {
      expect(error.code, error.stdout).toBe(1); // it has repaired something, such as the mark of a mounted file system
    });
    expect(await readAutoboot()).toBe(text);
  }

  /** The device boots the slot in `text`, and its agent can still update the other one. */
  async function expectUpdates(text: string): Promise<void> {
    const slot = slotToBoot(text, false);
    const other = 1 - slot;
    await whileMounted(async () => {
      const { workingSlot, currentSlot } = await call<BootRecord>(slot, "record");
      expect(workingSlot).toBe(slot);
      if (currentSlot === slot) await call(slot, "attempt");
      expect(await call(slot, "restart")).toBe(true);
      expect(await call(other, "record")).toMatchObject({ currentSlot: other, workingSlot: slot });
      await call(other, "accept");
    });
    const updated = await readAutoboot();
    expect([slotToBoot(updated, false), slotToBoot(updated, true)]).toEqual([other, slot]);
  }

  /** Makes one change, then checks what a power cut can leave of it, from the mount before it to the unmount. */
  async function cutInside(slot: number, method: TrybootMethod): Promise<void> {
    const textBefore = await readAutoboot();
    const before = linux.readDisk();
    void linux.disk.turnOn();
    await whileMounted(async () => await call(slot, method));
    const disks = tornDisks(linux.disk.writes);
    const after = linux.readDisk();
    const textAfter = await readAutoboot();
    expect(textAfter).not.toBe(textBefore);
    for (const sectors of disks) {
      const cut = Buffer.from(before);
      for (const { offsetBytes, data } of sectors) data.copy(cut, offsetBytes);
      linux.disk.write(0, cut);
      const text = await readAutoboot();
      expect([textBefore, textAfter]).toContain(text);
      await expectCheckKeeps(text);
      linux.disk.write(0, cut);
      await expectUpdates(text);
    }
    powerCuts += disks.length;
    linux.disk.write(0, after);
  }

  test.each(FILE_SYSTEMS)(
    "$name: the device boots after a power cut at any write of an update",
    { timeout: 600_000 },
    async ({ options, sizeMib }) => {
      await format(options, sizeMib);
      await cutInside(0, "attempt");
      await cutInside(0, "restart");
      await cutInside(1, "accept");
      await whileMounted(async () => await call(1, "attempt"));
      await cutInside(1, "revert"); // the trial is scheduled
      await whileMounted(async () => {
        await call(1, "attempt");
        await call(1, "restart");
      });
      await cutInside(0, "revert"); // the trial runs
    },
  );
});
