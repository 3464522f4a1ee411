import { spawnSync } from "node:child_process";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorCode, FotaError } from "@fota/shared";
import { build } from "esbuild";
import { debianFiles } from "../device/debian-files.js";
import { makeInitramfs } from "../device/initramfs.js";
import { missingForDebian } from "../device/missing.js";
import { makeRuntime } from "../device/runtime.js";
import { Machine } from "../machine.js";
import { PowerDisk } from "../power-disk.js";
import { BOOT_FOLDER, type GuestAnswer, type GuestRequest } from "./guest-request.js";

/** The largest partition of a test. */
const DISK_BYTES = 36 * 1024 * 1024;
const MODULES = ["virtio_pci", "virtio_blk", "squashfs", "vfat", "nls_cp437", "nls_ascii"];
/** On a busy host, QEMU is too slow for the kernel's check of the timer, which panics. */
const COMMAND_LINE = "console=ttyS0 quiet panic=-1 no_timer_check";

/** Returns why this Linux cannot run here; `undefined` if it can. Downloads what it is made of. */
export async function missingForFat(): Promise<string | undefined> {
  const tools = { dosfstools: "mkfs.vfat", mtools: "mcopy", "squashfs-tools": "mksquashfs" };
  return await missingForDebian(
    Object.entries(tools).map(([name, tool]) =>
      spawnSync(tool, ["--help"]).error === undefined ? undefined : name,
    ),
  );
}

/**
 * A Linux in QEMU that mounts file systems with FAT, which the kernel of this machine may not have, and runs the agent's
 * adapters on them. A test reads and changes the file system in `disk` while it is not mounted, and sees each write.
 */
export class FatLinux {
  readonly disk: PowerDisk;
  /** Path of `disk`. */
  readonly diskPath: string;
  readonly #machine: Machine;

  private constructor(disk: PowerDisk, diskPath: string, machine: Machine) {
    this.disk = disk;
    this.diskPath = diskPath;
    this.#machine = machine;
  }

  /** Starts it. Uses files in `dir`. */
  static async start(dir: string): Promise<FatLinux> {
    const folder = join(dir, "fat-linux");
    await mkdir(folder);
    const [initramfs, program, image] = [
      join(folder, "initramfs"),
      join(folder, "guest-program.mjs"),
      join(folder, "disk"),
    ];
    await build({
      entryPoints: [join(import.meta.dirname, "guest-program.ts")],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
      conditions: ["@fota/source"],
    });
    const debian = await debianFiles();
    const content = {
      init: join(import.meta.dirname, "init"),
      modules: MODULES,
      files: { "guest-program.mjs": program },
    };
    await writeFile(initramfs, await makeInitramfs(debian, content));
    await writeFile(image, "");
    await truncate(image, DISK_BYTES);
    const disk = await PowerDisk.open(image, join(folder, "nbd"));
    void disk.turnOn();
    const machine = new Machine({
      arch: "x86_64",
      memoryMib: 384,
      disks: [
        { image: await makeRuntime(folder), bus: "virtio", isReadOnly: true },
        { image: disk.image, bus: "virtio" },
      ],
      accelerator: "tcg",
      args: [
        ...["-cpu", "max", "-no-reboot"],
        ...["-kernel", debian.kernel, "-initrd", initramfs, "-append", COMMAND_LINE],
      ],
    });
    const linux = new FatLinux(disk, image, machine);
    await linux.#answer();
    return linux;
  }

  readDisk(): Buffer {
    return this.disk.read(0, this.disk.sizeBytes);
  }

  /** Mounts the file system in `disk`. */
  async mount(folder = BOOT_FOLDER): Promise<void> {
    await this.shell(`mkdir -p ${folder}; mount -t vfat /dev/vdb ${folder}`);
  }

  /** Resolves when all writes are in `disk`. The next mount reads it anew. */
  async unmount(folder = BOOT_FOLDER): Promise<void> {
    await this.shell(`umount ${folder}`);
  }

  async shell(script: string): Promise<void> {
    await this.call({ do: "shell", script });
  }

  /** @throws {FotaError} as the adapter does */
  async call<T>(request: GuestRequest): Promise<T> {
    this.#machine.console.type(`${JSON.stringify(request)}\n`);
    return (await this.#answer()) as T;
  }

  async #answer(): Promise<unknown> {
    const [, text = ""] = await this.#machine.console.sees(/<<(.*)>>\n/);
    const answer = JSON.parse(text) as GuestAnswer;
    if (!("error" in answer)) return answer.result;
    const { code, message } = answer.error;
    throw code === undefined ? new Error(message) : new FotaError(code as ErrorCode, message);
  }

  async stop(): Promise<void> {
    await this.#machine.cutPower();
    await this.disk.close();
  }
}
