import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own over a folder that is there, which fills up and can be made read-only. */
export class SmallDisk {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], { stdio: "pipe" });
  }

  turnReadOnly(): void {
    execFileSync("mount", ["-o", "remount,ro", this.#folder]);
  }

  unmount(): void {
    execFileSync("umount", ["--lazy", this.#folder]);
  }
}

/** Whether this user may mount at all. */
export const canMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), "fota-mount-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
  if (mounted) spawnSync("umount", [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
})();
