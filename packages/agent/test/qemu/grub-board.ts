import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { grubSlots } from "../../src/node/grub-slots.js";
import { docBlock } from "../doc-block.js";
import { canMount } from "../small-disk.js";
import type { DiskArea, LoaderBoard } from "./loader-device.js";
import { missingQemu } from "./machine.js";
import { missingAssembler, Payload } from "./payload.js";
import {
  BOOT_PARTITION,
  makeDisk,
  missingForDisks,
  SLOT_PARTITIONS,
  squash,
  withPartition,
  withSlotDevices,
  writeAt,
} from "./test-disk.js";
import { changedSectors, sectorOf } from "./torn-states.js";

const run = promisify(execFile);

const MODULES = "/usr/lib/grub/i386-pc";
/** Where the disk holds GRUB's core image: between the partition table and the first partition. */
const CORE_SECTOR = 64;
const SECTOR_BYTES = 512;

/** Runs before the boot script of docs/grub.md: the console, and where the script is. */
const EARLY_SCRIPT = `serial --unit=0 --speed=115200
terminal_output serial
set root=hd0,gpt1
configfile /grub/grub.cfg
`;
const MODULE_NAMES =
  "biosdisk part_gpt ext2 squash4 linux loadenv test echo reboot boot serial terminal normal configfile";

/** Why GRUB cannot run here; `undefined` if it can. */
export function grubMissing(): string | undefined {
  const packages = [
    missingQemu("x86_64"),
    missingAssembler("x86"),
    ...missingForDisks(),
    spawnSync("grub-mkimage", ["--version"]).error === undefined ? undefined : "grub-common",
    spawnSync("test", ["-e", `${MODULES}/boot.img`]).status === 0 ? undefined : "grub-pc-bin",
    spawnSync("mkfs.ext4", ["-V"]).error === undefined ? undefined : "e2fsprogs",
  ].filter((name) => name !== undefined);
  if (packages.length > 0) return `Debian: ${packages.join(", ")}`;
  return canMount ? undefined : "this user may not mount file systems";
}

/** Returns a PC with a BIOS, GRUB on its disk, and the block and the boot script of docs/grub.md. */
export async function makeGrubBoard(dir: string): Promise<LoaderBoard> {
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
  await installGrub(diskImage, dir);
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
    name: `GRUB ${/[\d.]+/.exec(stdout)?.[0]}`,
    machine: { arch: "x86_64", memoryMib: 128, accelerator: "tcg" }, // under KVM on KVM, a BIOS may not run
    bus: "ide",
    diskImage,
    recordArea: BOOT_PARTITION,
    tornWrites,
    makeImage,
    withSlots: (disk, runningSlot, use) =>
      withSlotDevices(disk, (paths) =>
        withBootPartition(disk, (envFile) => use(grubSlots({ paths, runningSlot, envFile }))),
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

/** Writes GRUB's boot sector and core image to the disk, linked by sector numbers (GRUB, boot.S and diskboot.S). */
async function installGrub(disk: string, dir: string): Promise<void> {
  const [early, core] = [join(dir, "early.cfg"), join(dir, "core.img")];
  await writeFile(early, EARLY_SCRIPT);
  const target = ["-O", "i386-pc", "-p", "(hd0,gpt1)/grub", "-c", early, "-o", core];
  await run("grub-mkimage", [...target, ...MODULE_NAMES.split(" ")]);
  const [boot, image] = [await readFile(`${MODULES}/boot.img`), await readFile(core)];
  boot.writeBigUInt64LE(BigInt(CORE_SECTOR), 0x5c);
  image.writeBigUInt64LE(BigInt(CORE_SECTOR + 1), 0x1f4);
  await writeAt(disk, 0, boot.subarray(0, 440)); // the partition table follows
  await writeAt(disk, CORE_SECTOR * SECTOR_BYTES, image);
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

async function readArea(path: string, { offsetBytes, sizeBytes }: DiskArea): Promise<Buffer> {
  const file = await open(path, "r");
  const { buffer } = await file.read(Buffer.alloc(sizeBytes), 0, sizeBytes, offsetBytes);
  await file.close();
  return buffer;
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
