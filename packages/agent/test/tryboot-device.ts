import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Slots } from "../src/core/ports.js";
import { trybootSlots } from "../src/node/tryboot-slots.js";
import { docBlock } from "./doc-block.js";

/** Two slots in files, an autoboot.txt as in docs/raspberry-pi.md, and what a Raspberry Pi's firmware does with it. */
export class TrybootDevice {
  readonly dir: string;
  readonly paths: readonly string[];
  readonly autobootFile: string;
  readonly bootloaderDir: string;
  /** Restart of the device, which a test may let fail. */
  restart = async (tryboot: boolean): Promise<void> => await this.boot(tryboot);

  private constructor(dir: string) {
    this.dir = dir;
    this.paths = [join(dir, "slot-a"), join(dir, "slot-b")];
    this.autobootFile = join(dir, "autoboot.txt");
    this.bootloaderDir = join(dir, "bootloader");
  }

  static async make(): Promise<TrybootDevice> {
    const device = new TrybootDevice(await mkdtemp(join(tmpdir(), "fota-tryboot-")));
    await mkdir(device.bootloaderDir);
    await writeFile(device.paths[0] ?? "", "the first image");
    const setUp = await docBlock("raspberry-pi.md", "sh");
    execFileSync("sh", ["-ec", setUp.replaceAll("/boot/autoboot/autoboot.txt", device.autobootFile)]);
    await device.boot(false);
    return device;
  }

  /** What the firmware does. Without the flag after a power cut. */
  async boot(tryboot: boolean): Promise<void> {
    const partition = partitionToBoot(await readFile(this.autobootFile, "utf8"), tryboot);
    const number = Buffer.alloc(4);
    number.writeUInt32BE(partition);
    await writeFile(join(this.bootloaderDir, "partition"), number);
  }

  slots(): Slots {
    return trybootSlots({
      paths: this.paths,
      slotSizeBytes: 64 * 1024,
      autobootFile: this.autobootFile,
      bootloaderDir: this.bootloaderDir,
      restart: (tryboot) => this.restart(tryboot),
    });
  }

  /** Power cut, boot, and the start of the agent, which restarts if a trial is scheduled. */
  async cutPower(): Promise<Slots> {
    await this.boot(false);
    const { runningSlot, currentSlot } = await this.slots().record();
    if (runningSlot !== currentSlot) await this.slots().restart();
    return this.slots();
  }

  async dispose(): Promise<void> {
    await rm(this.dir, { recursive: true });
  }
}

/** Returns what the firmware boots by the text of autoboot.txt: of the sections that apply, the last value counts. */
export function partitionToBoot(autoboot: string, tryboot: boolean): number {
  let applies = true;
  let partition = 1;
  for (const line of autoboot.split("\n")) {
    if (line === "[all]") applies = true;
    if (line === "[tryboot]") applies = tryboot;
    if (applies && line.startsWith("boot_partition=")) partition = Number(line.slice(15));
  }
  return partition;
}
