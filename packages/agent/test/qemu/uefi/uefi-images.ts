import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { debianFiles, unpackPackage } from "../device/debian-files.js";
import { makeInitramfs } from "../device/initramfs.js";
import type { Kernel } from "../loader-device.js";

const run = promisify(execFile);

/** A partition is as large as an image. */
export const IMAGE_BYTES = 18 * 1024 * 1024;
/** Where systemd's stub expects the parts of a unified kernel image, by section (systemd-stub(7)). */
const SECTIONS = { cmdline: 0x3_0000, linux: 0x200_0000, initrd: 0x300_0000 } as const;

/** Linux with efibootmgr, for a firmware that boots the slots. */
export interface UefiLinux {
  kernel: string;
  initramfs: string;
  stub: string;
}

/** Downloads what is missing. Uses files in `dir`. */
export async function makeUefiLinux(dir: string): Promise<UefiLinux> {
  const debian = await debianFiles();
  const initramfs = join(dir, "initramfs");
  const content = {
    init: join(import.meta.dirname, "init"),
    modules: ["virtio_pci", "virtio_blk", "efivarfs"],
    files: await programFiles("efibootmgr"),
  };
  await writeFile(initramfs, await makeInitramfs(debian, content));
  const stub = join(await unpackPackage("systemd-boot-efi"), "usr/lib/systemd/boot/efi/linuxx64.efi.stub");
  return { kernel: debian.kernel, initramfs, stub };
}

/**
 * Returns the command line of an image, which `init` reads. On a busy host, QEMU is too slow for the kernel's check of the
 * timer, which panics.
 */
export function commandLine(label: string, kernel: Kernel = "hangs"): string {
  return `console=ttyS0 quiet panic=1 no_timer_check fota.label=${label} fota.then=${kernel}`;
}

/** Returns an image of a slot, as docs/uefi.md describes it: FAT with a unified kernel image. */
export async function makeUefiImage(
  { kernel, initramfs, stub }: UefiLinux,
  label: string,
  behavior: Kernel,
): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), "fota-uefi-image-"));
  const [cmdline, loader, image] = [join(dir, "cmdline"), join(dir, "linux.efi"), join(dir, "image")];
  await writeFile(cmdline, `${commandLine(label, behavior)}\0`);
  const files = { cmdline, linux: kernel, initrd: initramfs };
  const options = Object.entries(SECTIONS).flatMap(([name, address]) => [
    ...["--add-section", `.${name}=${files[name as keyof typeof files]}`],
    ...["--change-section-vma", `.${name}=${address}`],
  ]);
  await run("objcopy", [...options, stub, loader]);
  if (behavior === "damaged") await writeFile(loader, "no program");
  await writeFile(image, "");
  await truncate(image, IMAGE_BYTES);
  await run("mformat", ["-i", image, "::"]);
  if (behavior !== "missing") await run("mcopy", ["-i", image, loader, "::/linux.efi"]);
  const bytes = await readFile(image);
  await rm(dir, { recursive: true });
  return bytes;
}

/** Returns a program of this machine and its libraries, for an initramfs. */
async function programFiles(name: string): Promise<Record<string, string>> {
  const { stdout: path } = await run("sh", ["-c", `PATH=$PATH:/sbin:/usr/sbin command -v ${name}`]);
  const { stdout } = await run("ldd", [path.trim()]);
  const libraries = [...stdout.matchAll(/\/\S+/g)].map(([library]) => [library.slice(1), library]);
  return { [`bin/${name}`]: path.trim(), ...Object.fromEntries(libraries) };
}
