import { spawnSync } from "node:child_process";
import { messageOf } from "@fota/shared";
import { BIOS } from "../grub-firmware.js";
import { missingQemu } from "../machine.js";
import { missingForDisks } from "../test-disk.js";
import { debianFiles } from "./debian-files.js";

/** Returns why the device cannot be made here; `undefined` if it can. Downloads what it is made of. */
export async function missingForDevice(): Promise<string | undefined> {
  if (process.arch !== "x64") return "needs an x86-64 machine, because the device runs its Node.js";
  const packages = [
    missingQemu("x86_64"),
    ...missingForDisks(),
    ...BIOS.missing(),
    spawnSync("grub-mkimage", ["--version"]).error === undefined ? undefined : "grub-common",
    spawnSync("mke2fs", ["-V"]).error === undefined ? undefined : "e2fsprogs",
  ].filter((name) => name !== undefined);
  if (packages.length > 0) return `Debian: ${packages.join(", ")}`;
  try {
    await debianFiles();
    return undefined;
  } catch (error) {
    return `cannot download Debian's kernel and busybox: ${messageOf(error)}`;
  }
}
