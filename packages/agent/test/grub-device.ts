import { execFile, spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { docBlock } from "./doc-block.js";
import { canMount } from "./small-disk.js";

const run = promisify(execFile);

const DISK_BYTES = 4 * 1024 * 1024;

/** Why the tests of GRUB cannot run here; `undefined` if they can. */
export const grubMissing = ["grub-emu", "grub-editenv", "mkfs.ext4"].some(
  (tool) => spawnSync(tool, ["--version"]).error !== undefined,
)
  ? "Debian: grub-emu, grub-common, e2fsprogs"
  : canMount
    ? undefined
    : "this user may not mount file systems";

/** Two slots in files, and a disk with the boot partition of docs/grub.md, booted by the real GRUB. */
export class GrubDevice {
  readonly dir: string;
  readonly paths: readonly string[];
  /** Slots whose kernel cannot be loaded. */
  damaged: readonly number[] = [];
  /** GRUB cannot write to its disk. */
  isReadOnly = false;
  #disks = 0;

  private constructor(dir: string) {
    this.dir = dir;
    this.paths = [join(dir, "slot-a"), join(dir, "slot-b")];
  }

  /** `formatted` is an unchanged disk of another device, which is faster to copy than to make. */
  static async make(formatted?: string): Promise<GrubDevice> {
    const device = new GrubDevice(await mkdtemp(join(tmpdir(), "fota-grub-")));
    await writeFile(device.paths[0] ?? "", "the first image");
    await mkdir(device.#mountPoint);
    if (formatted !== undefined) {
      await copyFile(formatted, device.#disk);
      await device.#mount();
      return device;
    }
    await writeFile(device.#disk, "");
    await truncate(device.#disk, DISK_BYTES);
    await run("mkfs.ext4", ["-q", "-F", device.#disk]);
    await device.#mount();
    const setUp = (await docBlock("grub.md", "sh")).replaceAll("/boot/", `${device.#mountPoint}/`);
    await run("sh", ["-ec", setUp]);
    return device;
  }

  get #disk(): string {
    return join(this.dir, `disk-${this.#disks}`);
  }

  get #mountPoint(): string {
    return join(this.dir, `boot-${this.#disks}`);
  }

  get envFile(): string {
    return join(this.#mountPoint, "fota", "fota.env");
  }

  async variables(): Promise<Record<string, string>> {
    const { stdout } = await run("grub-editenv", [this.envFile, "list"]);
    const lines = stdout.trim().split("\n");
    return Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
  }

  /** Cuts the power: only what the kernel has written to the disk is left. Then boots; returns the slot. */
  async boot(): Promise<number> {
    const [cut, mounted] = [this.#disk, this.#mountPoint];
    this.#disks += 1;
    await copyFile(cut, this.#disk);
    await run("umount", [mounted]);
    for (let resets = 0; resets < 5; resets += 1) {
      const slot = await this.#bootOnce();
      if (slot === undefined) continue;
      await mkdir(this.#mountPoint);
      await this.#mount();
      return slot;
    }
    throw new Error("resets again and again");
  }

  /** `undefined`: a reset. GRUB sees the disk before Linux repairs its file system. */
  async #bootOnce(): Promise<number | undefined> {
    const script = (await docBlock("grub.md", "grub"))
      .replace(/^(\s*if) linux .*; then$/m, `$1 ${this.#loadsKernel()}; then`)
      .replace(/^(\s*if) initrd .*; then$/m, "$1 true; then")
      .replace(/^(\s*)boot$/m, `$1echo "boots:\${fota_slot}"; exit`)
      .replace(/^reboot$/m, "echo resets; exit")
      .replaceAll(/save_env/g, this.isReadOnly ? "false" : "save_env");
    const [prefix, map] = [join(this.dir, "grub"), join(this.dir, "device.map")];
    await mkdir(prefix, { recursive: true });
    await writeFile(map, `(hd0) ${this.#disk}\n`);
    await writeFile(join(prefix, "grub.cfg"), `set root=hd0\n${script}`);
    const { stdout } = await run("grub-emu", ["-m", map, "-d", prefix, "-r", "host"], { timeout: 120_000 });
    const [, slot] = /boots:(\d)/.exec(stdout) ?? [];
    if (slot === undefined && !stdout.includes("resets")) throw new Error(`GRUB: ${stdout}`);
    return slot === undefined ? undefined : Number(slot);
  }

  #loadsKernel(): string {
    return this.damaged.map((slot) => `[ "\${fota_slot}" != ${slot} ]`).join(" -a ") || "true";
  }

  /** Returns a copy of the disk in `folder`. */
  async saveDisk(folder: string): Promise<string> {
    const copy = join(folder, "disk");
    await run("sync", ["-f", this.envFile]);
    await copyFile(this.#disk, copy);
    return copy;
  }

  async #mount(): Promise<void> {
    await run("mount", ["-o", "loop", this.#disk, this.#mountPoint]);
  }

  async dispose(): Promise<void> {
    await run("umount", [this.#mountPoint]);
    await rm(this.dir, { recursive: true });
  }
}
