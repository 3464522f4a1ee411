import { mkdir, readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolders } from "@fota/shared";
import { lockFolder } from "../../boot/folder-lock.js";
import { storageError } from "../../boot/storage-error.js";
import type { Log } from "../../core/ports.js";
import { DAEMON_LOCK } from "./protocol.js";

/**
 * Creates the state folder and locks it against a daemon, or a command without one, until this process ends.
 * @throws {FotaError} STATE_ACCESS if it cannot be made or is a file; DEVICE_BUSY if another process has it
 */
export async function takeStateFolder(stateDir: string, log: Log): Promise<void> {
  try {
    await makeFolders(stateDir, { mkdir, dirname });
    await readdir(stateDir); // fails if it is a file
  } catch (error) {
    throw storageError("STATE_ACCESS", "cannot use the state folder", stateDir, error);
  }
  await lockFolder(stateDir, DAEMON_LOCK, (line) => log("warn", line));
}
