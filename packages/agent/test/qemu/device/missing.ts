import { spawnSync } from "node:child_process";
import { messageOf } from "@fota/shared";
import { BIOS } from "../grub-firmware.js";
import { missingQemu } from "../machine.js";
import { missingForDisks } from "../test-disk.js";
import { debianFiles } from "./debian-files.js";

/** Returns why the device cannot be made here; `undefined` if it can. Downloads what it is made of. */
export async function missingForDevice(): Promise<string | undefined> {
  return await missingForDebian([
    ...missingForDisks(),
    ...BIOS.missing(),
    spawnSync("grub-mkimage", ["--version"]).error === undefined ? undefined : "grub-common",
    spawnSync("mke2fs", ["-V"]).error === undefined ? undefined : "e2fsprogs",
  ]);
}

/**
 * Returns why Debian's Linux cannot run in QEMU here with the Node.js of this machine; `undefined` if it can. `packages`
 * are the other packages that this machine lacks. Downloads the kernel.
 */
export async function missingForDebian(
  packages: readonly (string | undefined)[],
): Promise<string | undefined> {
  if (process.arch !== "x64") return "needs an x86-64 machine, because Linux in QEMU runs its Node.js";
  const missing = [missingQemu("x86_64"), ...packages].filter((name) => name !== undefined);
  if (missing.length > 0) return `Debian: ${missing.join(", ")}`;
  try {
    await debianFiles();
    return undefined;
  } catch (error) {
    return `cannot download Debian's kernel and busybox: ${messageOf(error)}`;
  }
}
