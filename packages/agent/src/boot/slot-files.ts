import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** An image is a program that the launcher executes. */
export const IMAGE_MODE = 0o755;

/** The file of a slot: no extension, as any program may be in it. */
export function slotPath(dir: string, slot: number): string {
  return join(dir, `slot-${slot}`);
}

/** Slots whose file exists. */
export async function slotsIn(dir: string): Promise<number[]> {
  const names = await readdir(dir).catch(() => []);
  return names.flatMap((name) => (/^slot-\d{1,4}$/.test(name) ? [Number(name.slice(5))] : []));
}

/** Whether `slot` has something in it that can be executed at all. */
export async function isBootable(dir: string, slot: number): Promise<boolean> {
  try {
    const path = slotPath(dir, slot);
    const { size } = await stat(path);
    await access(path, constants.R_OK);
    return size > 0;
  } catch {
    return false;
  }
}
