import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { DiskArea } from "./loader-device.js";

const run = promisify(execFile);

const SECTOR_BYTES = 512;
const MIB = 1024 * 1024;

/** Partitions of a device, in this order: for the boot loader's script or the data, the two slots, UEFI's own. */
export const BOOT_PARTITION: DiskArea = { offsetBytes: MIB, sizeBytes: 6 * MIB };
export const SLOT_PARTITIONS: readonly [DiskArea, DiskArea] = [
  { offsetBytes: 8 * MIB, sizeBytes: 4 * MIB },
  { offsetBytes: 12 * MIB, sizeBytes: 4 * MIB },
];
export const ESP_PARTITION: DiskArea = { offsetBytes: 16 * MIB, sizeBytes: 4 * MIB };
/** An SD card has a power of 2. */
const DISK_BYTES = 32 * MIB;

/** Returns the Debian packages that are missing to make and use disks. */
export function missingForDisks(): string[] {
  const tools = { fdisk: "sfdisk", "squashfs-tools": "mksquashfs", mount: "losetup" };
  return Object.entries(tools).flatMap(([name, tool]) =>
    spawnSync(tool, ["--version"]).error === undefined ? [] : [name],
  );
}

/** Makes an empty disk with a GPT and the partitions of a device. */
export async function makeDisk(path: string): Promise<void> {
  await makePartitions(path, DISK_BYTES, [BOOT_PARTITION, ...SLOT_PARTITIONS, ESP_PARTITION]);
}

/** Makes an empty disk with a GPT and these partitions. */
export async function makePartitions(
  path: string,
  diskBytes: number,
  areas: readonly DiskArea[],
): Promise<void> {
  await writeFile(path, "");
  await truncate(path, diskBytes);
  const partitions = areas.map(
    ({ offsetBytes, sizeBytes }) => `start=${offsetBytes / SECTOR_BYTES},size=${sizeBytes / SECTOR_BYTES}`,
  );
  const script = ["label: gpt", "unit: sectors", ...partitions].join("\n");
  const { status, stderr } = spawnSync("sfdisk", ["--quiet", path], { input: `${script}\n` });
  if (status !== 0) throw new Error(`sfdisk: ${stderr}`);
}

/** Reads part of the disk in a file. */
export async function readArea(path: string, { offsetBytes, sizeBytes }: DiskArea): Promise<Buffer> {
  const file = await open(path, "r");
  const { buffer } = await file.read(Buffer.alloc(sizeBytes), 0, sizeBytes, offsetBytes);
  await file.close();
  return buffer;
}

/** Writes bytes into the disk in a file. */
export async function writeAt(path: string, offsetBytes: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "r+");
  await file.write(bytes, 0, bytes.length, offsetBytes);
  await file.close();
}

/** Returns a squashfs with `files`, by path. */
export async function squash(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), "fota-squashfs-"));
  await mkdir(join(dir, "root"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, "root", path)), { recursive: true });
    await writeFile(join(dir, "root", path), content);
  }
  const image = join(dir, "image");
  await run("mksquashfs", [join(dir, "root"), image, "-quiet", "-no-progress", "-all-root"]);
  const bytes = await readFile(image);
  await rm(dir, { recursive: true });
  return bytes;
}

/** Calls `use` with the path of a block device for part of the disk in a file. */
export async function withPartition<T>(
  disk: string,
  { offsetBytes, sizeBytes }: DiskArea,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const area = ["--offset", String(offsetBytes), "--sizelimit", String(sizeBytes)];
  const { stdout } = await run("losetup", ["--find", "--show", ...area, disk]);
  try {
    return await use(stdout.trim());
  } finally {
    await run("losetup", ["--detach", stdout.trim()]);
  }
}

/** Calls `use` with the paths of block devices for both slots of the disk in a file. */
export async function withSlotDevices<T>(
  disk: string,
  use: (paths: readonly string[]) => Promise<T>,
  [first, second]: readonly [DiskArea, DiskArea] = SLOT_PARTITIONS,
): Promise<T> {
  return await withPartition(disk, first, (a) => withPartition(disk, second, (b) => use([a, b])));
}
