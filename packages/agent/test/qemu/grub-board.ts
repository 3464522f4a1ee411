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

/** The file system with GRUB's environment block, and how the agent's adapter changes it. */
export interface BootFileSystem {
  name: string;
  /** Makes the file system with the files of `folder` on a partition. */
  make(partition: string, folder: string): Promise<void>;
  withSlots: LoaderBoard["withSlots"];
  tornWrites(before: Buffer, after: Buffer): number[][];
}

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

export const EXT4: BootFileSystem = {
  name: "ext4",
  async make(partition, folder) {
    await run("mke2fs", ["-q", "-t", "ext4", "-d", folder, partition]);
  },
  withSlots: ({ diskPath, runningSlot }, use) =>
    withSlotDevices(diskPath, (paths) =>
      withBootPartition(diskPath, (envFile) => use(grubSlots({ paths, runningSlot, envFile }))),
    ),
  tornWrites: tornWritesOfExt4,
};

/** Returns a PC with GRUB on its disk, and the block and the boot script of docs/grub.md on a partition beside the slots. */
export async function makeGrubBoard(
  dir: string,
  firmware: GrubFirmware,
  fileSystem: BootFileSystem = EXT4,
): Promise<LoaderBoard> {
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
  const bootFolder = await makeBootFolder(dir);
  await withPartition(diskImage, BOOT_PARTITION, (partition) => fileSystem.make(partition, bootFolder));
  const { stdout } = await run("grub-mkimage", ["--version"]);
  return {
    name: `GRUB ${/\d[\d.]+/.exec(stdout)?.[0]} on ${firmware.name}, ${fileSystem.name}`,
    machine: { arch: "x86_64", ...firmware.machine, accelerator: "tcg" }, // a BIOS may not run in nested KVM
    disks: (record) => [{ image: record, bus: "ide" }],
    diskImage,
    recordArea: BOOT_PARTITION,
    makeImage,
    tornWrites: fileSystem.tornWrites,
    withSlots: fileSystem.withSlots,
  };
}

/** Makes the files of the boot partition in a folder of `dir`, by the commands and with the script of docs/grub.md. */
async function makeBootFolder(dir: string): Promise<string> {
  const folder = join(dir, "boot");
  await mkdir(join(folder, "grub"), { recursive: true });
  await run("sh", ["-ec", (await docBlock("grub.md", "sh")).replaceAll("/boot/", `${folder}/`)]);
  await writeFile(join(folder, "grub", "grub.cfg"), await docBlock("grub.md", "grub"));
  return folder;
}

/**
 * The agent's write changes the sector of the block, and the journal of ext4, whose last sector follows all others
 * (Linux, jbd2: the commit block). GRUB does not read the journal, so parts of it stand for all its states.
 */
function tornWritesOfExt4(before: Buffer, after: Buffer): number[][] {
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
