import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { docBlock } from "../../doc-block.js";
import { BIOS } from "../grub-firmware.js";
import type { DiskArea } from "../loader-device.js";
import { makePartitions, readArea, writeAt } from "../test-disk.js";
import { makeRuntime } from "./runtime.js";

const run = promisify(execFile);

const MIB_BYTES = 1024 * 1024;
/** GRUB's block is in a file that never moves: the agent and GRUB change it in place. */
const BLOCK_SIGNATURE = "# GRUB Environment Block\n";
const BLOCK_BYTES = 1024;

/** The partitions of docs/grub.md, then the data of the device, and Node.js. */
const BOOT = area(1, 8);
const SLOTS = [area(9, 24), area(33, 24)] as const;
const DATA = area(57, 32);
const RUNTIME = area(89, 128);
const DISK_BYTES = 218 * MIB_BYTES;

/**
 * Makes the disk of a device in the file `path`: `image` is in slot 0, and the files of the folder `data` on its partition.
 * Uses files in `dir`.
 */
export async function makeDeviceDisk(path: string, image: string, data: string, dir: string): Promise<void> {
  await makePartitions(path, DISK_BYTES, [BOOT, ...SLOTS, DATA, RUNTIME]);
  await BIOS.install(path, dir);
  await writeFileSystem(path, BOOT, await makeBootFiles(join(dir, "boot")));
  await writeImage(path, SLOTS[0], image);
  await writeFileSystem(path, DATA, data);
  await writeImage(path, RUNTIME, await makeRuntime(dir, ["e2fsck"])); // both slots use it
}

/** Returns the first bytes of a slot. */
export async function readSlot(path: string, slot: number, sizeBytes: number): Promise<Buffer> {
  const { offsetBytes } = SLOTS[slot] ?? SLOTS[0];
  return await readArea(path, { offsetBytes, sizeBytes });
}

/** Returns the variables of fota in GRUB's environment block. */
export async function readBlock(path: string): Promise<Record<string, string>> {
  const partition = await readArea(path, BOOT);
  const start = partition.indexOf(BLOCK_SIGNATURE);
  const lines = partition.toString("latin1", start, start + BLOCK_BYTES).split("\n");
  return Object.fromEntries(lines.filter((line) => line.startsWith("fota_")).map((line) => line.split("=")));
}

/** Makes the files of the boot partition in `folder`: those of docs/grub.md, for this disk and a serial console. */
async function makeBootFiles(folder: string): Promise<string> {
  await mkdir(join(folder, "grub"), { recursive: true });
  await run("sh", ["-ec", (await docBlock("grub.md", "sh")).replaceAll("/boot", folder)]);
  const script = (await docBlock("grub.md", "grub"))
    .replaceAll("/dev/sda", "/dev/vda")
    .replace(" panic=5 ", " panic=5 console=ttyS0 quiet ");
  await writeFile(join(folder, "grub/grub.cfg"), script);
  return folder;
}

/** Makes an ext4 with the files of `folder`, without mounting it. */
async function writeFileSystem(
  path: string,
  { offsetBytes, sizeBytes }: DiskArea,
  folder: string,
): Promise<void> {
  const options = ["-E", `offset=${offsetBytes},root_owner=0:0`, "-d", folder];
  await run("mke2fs", ["-q", "-F", "-t", "ext4", ...options, path, `${sizeBytes / MIB_BYTES}m`]);
}

async function writeImage(path: string, { offsetBytes, sizeBytes }: DiskArea, image: string): Promise<void> {
  const bytes = await readFile(image);
  if (bytes.length > sizeBytes)
    throw new Error(`${image} has ${bytes.length} bytes, its partition ${sizeBytes}`);
  await writeAt(path, offsetBytes, bytes);
}

function area(startMib: number, sizeMib: number): DiskArea {
  return { offsetBytes: startMib * MIB_BYTES, sizeBytes: sizeMib * MIB_BYTES };
}
