import { join } from "node:path";
import { bootOf } from "../../core/classify-job.js";
import type { BootRecord, Device, Log, StateStore } from "../../core/ports.js";
import { parseState } from "../../core/saved-state.js";
import type { BootFacts, UpdateState } from "../../core/update-state.js";
import { STATE_FILE } from "../../node/device.js";
import { fileStateView } from "../../node/file-state.js";
import type { SlotsView } from "../../node/recorded-slots.js";
import type { Config } from "../config/schema.js";
import { deviceOf } from "../device/device.js";
import { configuredVersion } from "../device/firmware-version.js";
import { History, HistoryView } from "../device/history.js";
import type { OpenedSlots, ShownSlots } from "../slots/adapter.js";
import { openSlots, showSlots } from "../slots/adapters.js";

/** All that works on the device, for one boot of it: what the daemon and the commands share. */
export interface Bench {
  config: Config;
  opened: OpenedSlots;
  device: Device;
  history: History;
}

/** The part of a bench that commands show. */
export interface BenchView {
  config: Config;
  opened: ShownSlots;
  device: { slots: SlotsView; state: Pick<StateStore, "load">; firmwareVersion?: string | undefined };
  history: HistoryView;
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
  const history = new History(historyPath(config), log);
  const firmwareVersion = await runningVersion(config, slots, history);
  const device = await deviceOf(config, { slots, firmwareVersion, log });
  return { config, opened, device: { ...device, state: history.watching(device.state) }, history };
}

/**
 * Opens slots, state and history only to show them: makes, locks and changes nothing.
 * @throws {FotaError} as `openBench`
 */
export async function showBench(config: Config, { env, log }: BenchContext): Promise<BenchView> {
  const opened = await showSlots(config.slots, { stateDir: config.stateDir, env, log });
  const { slots } = opened;
  const history = new HistoryView(historyPath(config), log);
  const firmwareVersion = await runningVersion(config, slots, history);
  const state = fileStateView(join(config.stateDir, STATE_FILE), log);
  return { config, opened, device: { slots, state, firmwareVersion }, history };
}

function historyPath({ stateDir }: Config): string {
  return join(stateDir, "fota-history.json");
}

async function runningVersion(
  config: Config,
  slots: SlotsView,
  history: HistoryView,
): Promise<string | undefined> {
  const { runningSlot } = await slots.record();
  return (await configuredVersion(config)) ?? (await history.versionIn(slots, runningSlot));
}

/** The device at one moment. */
export interface Situation {
  record: BootRecord;
  boot: BootFacts["boot"];
  state: UpdateState;
}

/** Returns the boot record and the saved state of the update. A state that is not valid counts as idle. */
export async function readSituation({ device }: Pick<BenchView, "device">): Promise<Situation> {
  const record = await device.slots.record();
  const state = parseState((await device.state.load()) ?? "") ?? { phase: "idle" };
  return { record, boot: bootOf(record), state };
}

/** Returns the slots to write, the first one first. */
export function idleSlots({ runningSlot, workingSlot, slotCount }: BootRecord): number[] {
  const all = Array.from({ length: slotCount }, (_, slot) => slot);
  return all.filter((slot) => slot !== runningSlot && slot !== workingSlot);
}
