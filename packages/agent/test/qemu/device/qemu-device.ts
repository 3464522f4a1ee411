import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Machine } from "../machine.js";
import { debianFiles } from "./debian-files.js";
import { makeDeviceDisk, readBlock, readSlot } from "./device-disk.js";
import { HostStandIn } from "./host-stand-in.js";
import { ImageBuilder, type ImageFault } from "./image-builder.js";
import { VolatileDisk } from "./volatile-disk.js";

/** Short enough for a test, long enough for software emulation on a loaded machine. */
const TRIAL = { confirmAfterSeconds: 2, revertAfterSeconds: 120 };
/** What an engineer adds to `agent.json`, as docs/grub.md shows it. */
const AGENT_SETTINGS = {
  stateDir: "/data/fota",
  firmwareVersionFile: "/etc/os-release",
  slots: { type: "grub", paths: ["/dev/vda2", "/dev/vda3"] },
  trial: TRIAL,
};
/** What the device prints when the init of a slot runs. */
const BOOTED = /device: fota\.slot=\d runs (\S+)/g;

export interface BuiltImage {
  path: string;
  version: string;
  sha256: string;
  sizeBytes: number;
}

/**
 * A computer in QEMU: GRUB, two slots with Linux, and `fota-agent`, for a stand-in on this machine. Its disk has a write
 * cache that a power cut loses.
 */
export class QemuDevice {
  readonly standIn: HostStandIn;
  readonly #folder: string;
  readonly #builder: ImageBuilder;
  readonly #disk: VolatileDisk;
  #machine: Machine | undefined;
  #images = 0;
  #log = "";
  /** Boots of Linux up to its init, and power cuts, so far. */
  readonly counts = { boots: 0, cuts: 0 };

  private constructor(folder: string, standIn: HostStandIn, builder: ImageBuilder, disk: VolatileDisk) {
    this.#folder = folder;
    this.standIn = standIn;
    this.#builder = builder;
    this.#disk = disk;
  }

  /** Makes the device in `folder`, with its first image in slot 0. `random` decides what power cuts lose. */
  static async make(
    folder: string,
    random: () => number,
  ): Promise<{ device: QemuDevice; image: BuiltImage }> {
    const builder = await ImageBuilder.make(join(folder, "images"), await debianFiles());
    const path = await builder.build("1.0.0");
    const standIn = await HostStandIn.start(folder);
    const data = join(folder, "data");
    await mkdir(join(data, "etc"), { recursive: true });
    await standIn.makeThing(join(data, "etc/fota"), AGENT_SETTINGS);
    await makeDeviceDisk(join(folder, "disk"), path, data, join(folder, "images"));
    const disk = await VolatileDisk.open(join(folder, "disk"), join(folder, "nbd"), random);
    const device = new QemuDevice(folder, standIn, builder, disk);
    return { device, image: await describeImage(path, "1.0.0") };
  }

  /** Sectors that were in the disk's cache when the power was cut, and were lost. */
  get lostSectors(): number {
    return this.#disk.lostSectors;
  }

  /** All that the device has printed, from its first boot on. */
  get log(): string {
    return this.#log + (this.#machine?.console.text ?? "");
  }

  get machine(): Machine {
    if (this.#machine === undefined) throw new Error("the device is off");
    return this.#machine;
  }

  async buildImage(fault?: ImageFault): Promise<BuiltImage> {
    this.#images += 1;
    const version = `1.${this.#images}.0`;
    return await describeImage(await this.#builder.build(version, fault), version);
  }

  powerOn(): void {
    this.#machine = new Machine({
      arch: "x86_64",
      memoryMib: 384,
      disks: [{ image: this.#disk.image, bus: "virtio" }],
      forwards: {},
      accelerator: "tcg",
      args: ["-cpu", "max", "-device", "virtio-rng-pci"],
    });
  }

  /** Ends QEMU at once, and loses what was in the disk's cache. */
  async cutPower(): Promise<void> {
    this.counts.cuts += 1;
    await this.turnOff();
  }

  /** Does the same when the work is done. Does nothing if the device is off. */
  async turnOff(): Promise<void> {
    const machine = this.#machine;
    if (machine === undefined) return;
    await machine.cutPower();
    await this.#disk.cutPower();
    this.counts.boots += [...machine.console.text.matchAll(BOOTED)].length;
    this.#log += `${machine.console.text}\n--- power off ---\n`;
    this.#machine = undefined;
  }

  /** Returns what the disk says while the device is off: the version that boots next, and whether that is a trial. */
  async bootsNext(images: readonly BuiltImage[]): Promise<{ version: string; isTrial: boolean }> {
    const path = join(this.#folder, "disk");
    const { fota_working: working, fota_trial: trial } = await readBlock(path);
    for (const { sha256, sizeBytes, version } of images) {
      const bytes = await readSlot(path, Number(working), sizeBytes);
      if (digestOf(bytes) === sha256) return { version, isTrial: trial === "1" };
    }
    return { version: `unknown image in slot ${working}`, isTrial: trial === "1" };
  }

  /** Returns the version that booted last. */
  lastBoot(): string | undefined {
    return [...this.log.matchAll(BOOTED)].at(-1)?.[1];
  }

  async dispose(): Promise<void> {
    await this.turnOff();
    await this.#disk.close();
    await this.standIn.stop();
    await rm(this.#folder, { recursive: true });
  }
}

async function describeImage(path: string, version: string): Promise<BuiltImage> {
  const bytes = await readFile(path);
  return { path, version, sha256: digestOf(bytes), sizeBytes: bytes.length };
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
