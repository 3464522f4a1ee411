import { BOOT_ID } from "./boot-id.js";
import { findOrphan } from "./orphan.js";
import { readEnvironment } from "./processes.js";

/** The firmware that a launcher runs now. */
export interface RunningFirmware {
  pid: number;
  slot: number;
  /** `undefined` if its launcher is an earlier release. */
  bootId: string | undefined;
}

/**
 * Returns the firmware that `fota-boot` runs from `dir`, as another process sees it. `undefined` if none runs, or if this
 * process may not read its environment, which takes the same user or root.
 */
export async function findRunningFirmware(dir: string): Promise<RunningFirmware | undefined> {
  const pid = await findOrphan(dir);
  if (pid === undefined) return undefined;
  const environment = await readEnvironment(pid);
  const variable = (name: string) =>
    environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const slot = variable("FOTA_SLOT") ?? "";
  return /^\d{1,4}$/.test(slot) ? { pid, slot: Number(slot), bootId: variable(BOOT_ID) } : undefined;
}
