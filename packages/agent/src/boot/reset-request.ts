import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@fota/shared";
import { overwriteDurably, setAside } from "./durable-files.js";
import { readProcess, signalProcess } from "./processes.js";
import type { RunningFirmware } from "./running-firmware.js";
import { isPlainFile, readSmallFile } from "./small-file.js";

/** Holds the id of the boot that another process asked to end with a reset. */
const REQUEST_FILE = "reset-request";
const REQUEST_MAX_BYTES = 1024;
/** Time between SIGTERM and SIGKILL. */
const STOP_GRACE_MS = 10_000;
const POLL_MS = 50;

/**
 * Asks `fota-boot` for a reset from outside its firmware: notes the request, then stops the firmware. Resolves when it
 * has ended. If the request cannot be noted, the firmware ends as if it had exited, and the service manager restarts
 * `fota-boot`.
 */
export async function requestReset(
  dir: string,
  firmware: RunningFirmware,
  warn: (line: string) => void,
): Promise<void> {
  const path = join(dir, REQUEST_FILE);
  try {
    if (!(await isPlainFile(path))) await setAside(path); // opening a FIFO would block
    await overwriteDurably(path, `${firmware.bootId}\n`);
  } catch (error) {
    warn(`cannot note the reset request in ${path}: ${messageOf(error)}`);
  }
  const before = await readProcess(firmware.pid);
  const runs = async () =>
    before !== undefined && (await readProcess(firmware.pid))?.startTime === before.startTime;
  const killMs = performance.now() + STOP_GRACE_MS;
  signalProcess(-firmware.pid, "SIGTERM"); // it leads its process group
  for (let isKilled = false; await runs(); await sleep(POLL_MS)) {
    if (isKilled || performance.now() < killMs) continue;
    signalProcess(-firmware.pid, "SIGKILL");
    isKilled = true;
  }
}

/** Tells whether a reset of the boot `bootId` was requested, and removes the request. Never throws. */
export async function takeResetRequest(dir: string, bootId: string): Promise<boolean> {
  const path = join(dir, REQUEST_FILE);
  const text = await readSmallFile(path, REQUEST_MAX_BYTES).catch(() => "");
  if (text !== "") await rm(path, { force: true }).catch(() => {});
  return text === `${bootId}\n`;
}
