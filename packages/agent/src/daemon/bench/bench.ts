import { bootOf } from "../../core/classify-job.js";
import type { BootRecord, Device, Log } from "../../core/ports.js";
import { parseState } from "../../core/saved-state.js";
import type { BootFacts, UpdateState } from "../../core/update-state.js";
import type { Config } from "../config/schema.js";
import { deviceOf } from "../device/device.js";
import { configuredVersion } from "../device/firmware-version.js";
import { History } from "../device/history.js";
import type { OpenedSlots } from "../slots/adapter.js";
import { openSlots } from "../slots/adapters.js";

/** All that works on the device, for one boot of it: what the daemon and the commands share. */
export interface Bench {
  config: Config;
  opened: OpenedSlots;
  device: Device;
  history: History;
}

export interface BenchContext {
  env: Readonly<Record<string, string | undefined>>;
  log: Log;
}

/**
 * Opens slots, state and history.
 * @throws {FotaError} errors of the slots, of the saved state, and CONFIG_INVALID
 */
export async function openBench(config: Config, { env, log }: BenchContext): Promise<Bench> {
  const opened = await openSlots(config.slots, { stateDir: config.stateDir, env, log });
  const { slots } = opened;
  const { runningSlot } = await slots.record();
  const history = new History(config.stateDir, log);
  const firmwareVersion = (await configuredVersion(config)) ?? (await history.versionIn(slots, runningSlot));
  const device = await deviceOf(config, { slots, firmwareVersion, log });
  return { config, opened, device: { ...device, state: history.watching(device.state) }, history };
}

/** The device at one moment. */
export interface Situation {
  record: BootRecord;
  boot: BootFacts["boot"];
  state: UpdateState;
}

/** Returns the boot record and the saved state of the update. A state that is not valid counts as idle. */
export async function readSituation({ device }: Bench): Promise<Situation> {
  const record = await device.slots.record();
  const state = parseState((await device.state.load()) ?? "") ?? { phase: "idle" };
  return { record, boot: bootOf(record), state };
}

/** Returns the slots to write, the first one first. */
export function idleSlots({ runningSlot, workingSlot, slotCount }: BootRecord): number[] {
  const all = Array.from({ length: slotCount }, (_, slot) => slot);
  return all.filter((slot) => slot !== runningSlot && slot !== workingSlot);
}
