import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small file system mounted over a folder. It fills up, and can be made read-only. */
export class SmallDisk {
  readonly #folder: string;

  constructor(folder: string, size = "256k") {
    this.#folder = folder;
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], { stdio: "pipe" });
  }

  turnWritable(): void {
    execFileSync("mount", ["-o", "remount,rw", this.#folder]);
  }

  turnReadOnly(): void {
    execFileSync("mount", ["-o", "remount,ro", this.#folder]);
  }

  unmount(): void {
    execFileSync("umount", ["--lazy", this.#folder]);
  }
}

/** This user may mount file systems. */
export const canMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), "fota-mount-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
  if (mounted) spawnSync("umount", [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
})();
