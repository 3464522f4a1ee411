import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A block device of the kernel over a file. */
export interface LoopDevice {
  path: string;
  detach(): void;
}

/** Returns `undefined` if this machine or user cannot create one. */
export function attachLoop(sizeBytes: number): LoopDevice | undefined {
  const folder = mkdtempSync(join(tmpdir(), "fota-loop-"));
  const backing = join(folder, "disk");
  writeFileSync(backing, "");
  truncateSync(backing, sizeBytes);
  try {
    const path = execFileSync("losetup", ["--find", "--show", backing], { stdio: "pipe" }).toString().trim();
    return {
      path,
      detach: () => {
        execFileSync("losetup", ["--detach", path]);
        rmSync(folder, { recursive: true });
      },
    };
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}
