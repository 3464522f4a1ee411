import { mkdir, mkdtemp, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FotaError, makeFolders, messageOf } from "@fota/shared";
import { lockFolder } from "./folder-lock.js";
import { makeTempFolder } from "./temp-folder.js";

export interface StateFolder {
  path: string;
  /** Unlocks the folder; removes it if it is temporary. */
  close(): Promise<void>;
}

/**
 * Opens and locks the folder of the state; without `dir`, creates a temporary one.
 * @throws {FotaError} LOCAL_DIR_IN_USE, LOCAL_DIR_INVALID
 */
export async function openStateFolder(dir: string | undefined): Promise<StateFolder> {
  if (dir === undefined) {
    const { path, remove } = await makeTempFolder("fota-local-");
    return { path, close: remove };
  }
  await prepareFolder(dir);
  return { path: dir, close: await lockFolder(dir) };
}

/**
 * Creates the folder, and checks that it is writable before anything else relies on that.
 * @throws {FotaError} LOCAL_DIR_INVALID
 */
async function prepareFolder(dir: string): Promise<void> {
  try {
    await makeFolders(dir, { mkdir, dirname });
    await rmdir(await mkdtemp(join(dir, "trial-")));
  } catch (error) {
    throw unusableFolder(dir, error);
  }
}

export function unusableFolder(dir: string, cause: unknown): FotaError {
  return new FotaError("LOCAL_DIR_INVALID", `cannot keep the state in ${dir}: ${messageOf(cause)}`, {
    hint: "use a folder that you can write to, on a disk with free space, or leave --dir out",
    cause,
  });
}
