import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { grubSlots } from "../../src/node/grub-slots.js";
import { docBlock } from "../doc-block.js";
import { canMount } from "../small-disk.js";
import type { GrubFirmware } from "./grub-firmware.js";
import type { LoaderBoard } from "./loader-device.js";
import { missingQemu } from "./machine.js";
import { missingAssembler, Payload } from "./payload.js";
import {
  BOOT_PARTITION,
  makeDisk,
  missingForDisks,
  readArea,
  SLOT_PARTITIONS,
  squash,
  withPartition,
  withSlotDevices,
  writeAt,
} from "./test-disk.js";
import { changedSectors, sectorOf } from "./torn-states.js";

const run = promisify(execFile);

/** Returns why GRUB cannot run here; `undefined` if it can. */
export function grubMissing(firmware: GrubFirmware): string | undefined {
  const packages = [
    missingQemu("x86_64"),
    missingAssembler("x86"),
    ...missingForDisks(),
    spawnSync("grub-mkimage", ["--version"]).error === undefined ? undefined : "grub-common",
    spawnSync("mkfs.ext4", ["-V"]).error === undefined ? undefined : "e2fsprogs",
    ...firmware.missing(),
  ].filter((name) => name !== undefined);
  if (packages.length > 0) return `Debian: ${packages.join(", ")}`;
  return canMount ? undefined : "this user may not mount file systems";
}

/** Returns a PC with GRUB on its disk, and the block and the boot script of docs/grub.md on ext4. */
export async function makeGrubBoard(dir: string, firmware: GrubFirmware): Promise<LoaderBoard> {
  const payload = await Payload.assemble("x86");
  const makeImage: LoaderBoard["makeImage"] = async (label, kernel) => {
    const initrd = { "boot/initrd.img": Buffer.from("nothing") };
    if (kernel === "missing") return await squash(initrd);
    const image = payload.kernel(label, kernel === "resets" ? "resets" : "hangs");
    if (kernel === "damaged") image.fill(0, 0x1f0, 0x210);
    return await squash({ "boot/vmlinuz": image, ...initrd });
  };
  const diskImage = join(dir, "grub-disk");
  await makeDisk(diskImage);
  await writeAt(diskImage, SLOT_PARTITIONS[0].offsetBytes, await makeImage("first", "hangs"));
  await firmware.install(diskImage, dir);
  await withPartition(diskImage, BOOT_PARTITION, async (partition) => {
    await run("mkfs.ext4", ["-q", partition]);
    await withMount(partition, async (mountPoint) => {
      const setUp = (await docBlock("grub.md", "sh")).replaceAll("/boot/", `${mountPoint}/`);
      await run("sh", ["-ec", setUp]);
      await mkdir(join(mountPoint, "grub"));
      await writeFile(join(mountPoint, "grub", "grub.cfg"), await docBlock("grub.md", "grub"));
    });
  });
  const { stdout } = await run("grub-mkimage", ["--version"]);
  return {
    name: `GRUB ${/\d[\d.]+/.exec(stdout)?.[0]} on ${firmware.name}`,
    machine: { arch: "x86_64", ...firmware.machine, accelerator: "tcg" }, // a BIOS may not run in nested KVM
    disks: (record) => [{ image: record, bus: "ide" }],
    diskImage,
    recordArea: BOOT_PARTITION,
    tornWrites,
    makeImage,
    withSlots: ({ diskPath, runningSlot }, use) =>
      withSlotDevices(diskPath, (paths) =>
        withBootPartition(diskPath, (envFile) => use(grubSlots({ paths, runningSlot, envFile }))),
      ),
  };
}

/**
 * The agent's write changes the sector of the block, and the journal of ext4, whose last sector follows all others
 * (Linux, jbd2: the commit block). GRUB does not read the journal, so parts of it stand for all its states.
 */
function tornWrites(before: Buffer, after: Buffer): number[][] {
  const changed = changedSectors(before, after);
  const isBlock = (sector: number) => sectorOf(after, sector).toString("latin1").startsWith("# GRUB");
  const [block, journal] = [changed.filter(isBlock), changed.filter((sector) => !isBlock(sector))];
  const uncommitted = journal.slice(0, -1);
  const half = uncommitted.slice(0, uncommitted.length / 2);
  return [[], block, half, [...block, ...half], uncommitted, [...block, ...uncommitted], changed];
}

/** Calls `use` with the environment block on the mounted boot partition, which stays as a power cut leaves it then. */
async function withBootPartition<T>(disk: string, use: (envFile: string) => Promise<T>): Promise<T> {
  const { result, cut } = await withPartition(disk, BOOT_PARTITION, (partition) =>
    withMount(partition, async (mountPoint) => ({
      result: await use(join(mountPoint, "fota", "fota.env")),
      cut: await readArea(disk, BOOT_PARTITION),
    })),
  );
  await writeAt(disk, BOOT_PARTITION.offsetBytes, cut);
  return result;
}

async function withMount<T>(partition: string, use: (mountPoint: string) => Promise<T>): Promise<T> {
  const mountPoint = await mkdtemp(join(tmpdir(), "fota-boot-"));
  await run("mount", [partition, mountPoint]);
  try {
    return await use(mountPoint);
  } finally {
    await run("umount", [mountPoint]);
    await rm(mountPoint, { recursive: true });
  }
}
