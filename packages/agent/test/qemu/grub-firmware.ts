import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { MachineOptions } from "./machine.js";
import { ESP_PARTITION, writeAt } from "./test-disk.js";

const run = promisify(execFile);

/** How a PC starts GRUB. */
export interface GrubFirmware {
  name: string;
  machine: Pick<MachineOptions, "firmware" | "memoryMib">;
  /** Returns the Debian packages that are missing. */
  missing(): string[];
  /** Puts GRUB onto a disk. `dir` is for files on the way. */
  install(disk: string, dir: string): Promise<void>;
}

/** Runs before the boot script of docs/grub.md: the console, and where the script is. */
const EARLY_SCRIPT = `serial --unit=0 --speed=115200
terminal_output serial
set root=hd0,gpt1
configfile /grub/grub.cfg
`;
const MODULES =
  "part_gpt ext2 fat squash4 linux loadenv test echo reboot boot serial terminal normal configfile";

const BIOS_FILES = "/usr/lib/grub/i386-pc";
const UEFI_FILES = "/usr/lib/grub/x86_64-efi";
const OVMF = "/usr/share/ovmf/OVMF.fd";
/** Where the disk holds GRUB's core image: between the partition table and the first partition. */
const CORE_SECTOR = 64;
const SECTOR_BYTES = 512;

export const BIOS: GrubFirmware = {
  name: "a BIOS",
  machine: { memoryMib: 128 },
  missing: () => (existsSync(join(BIOS_FILES, "boot.img")) ? [] : ["grub-pc-bin"]),
  /** Writes the boot sector and the core image, linked by sector numbers (GRUB, boot.S and diskboot.S). */
  async install(disk, dir) {
    const core = await makeImage(dir, "i386-pc", ["biosdisk"]);
    const [boot, image] = [await readFile(join(BIOS_FILES, "boot.img")), await readFile(core)];
    boot.writeBigUInt64LE(BigInt(CORE_SECTOR), 0x5c);
    image.writeBigUInt64LE(BigInt(CORE_SECTOR + 1), 0x1f4);
    await writeAt(disk, 0, boot.subarray(0, 440)); // the partition table follows
    await writeAt(disk, CORE_SECTOR * SECTOR_BYTES, image);
  },
};

export const UEFI: GrubFirmware = {
  name: "UEFI",
  machine: { memoryMib: 256, firmware: OVMF },
  missing: () => [
    ...(existsSync(OVMF) ? [] : ["ovmf"]),
    ...(existsSync(join(UEFI_FILES, "linux.mod")) ? [] : ["grub-efi-amd64-bin"]),
    ...(spawnSync("mcopy", ["-V"]).error === undefined ? [] : ["mtools"]),
  ],
  /** Makes an EFI system partition with GRUB as its default boot loader. */
  async install(disk, dir) {
    const loader = await makeImage(dir, "x86_64-efi", []);
    const partition = join(dir, "esp");
    await writeFile(partition, "");
    await truncate(partition, ESP_PARTITION.sizeBytes);
    await run("mformat", ["-i", partition, "::"]);
    await run("mmd", ["-i", partition, "::/EFI", "::/EFI/BOOT"]);
    await run("mcopy", ["-i", partition, loader, "::/EFI/BOOT/BOOTX64.EFI"]);
    await writeAt(disk, ESP_PARTITION.offsetBytes, await readFile(partition));
  },
};

async function makeImage(dir: string, target: string, modules: readonly string[]): Promise<string> {
  const [early, image] = [join(dir, "early.cfg"), join(dir, "grub-image")];
  await writeFile(early, EARLY_SCRIPT);
  const options = ["-O", target, "-p", "(hd0,gpt1)/grub", "-c", early, "-o", image];
  await run("grub-mkimage", [...options, ...modules, ...MODULES.split(" ")]);
  return image;
}
