import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Device, Fota, Jobs } from "@fota/agent";
import {
  connectThing,
  fileSlots,
  fileState,
  initBootRecord,
  nextBoot,
  nodeClock,
  nodeHttp,
  nodeRandom,
  readBootRecord,
  type ThingOptions,
  writeBootRecord,
} from "@fota/agent/node";
import { isFotaError, messageOf, type UpdateReport } from "@fota/shared";
import type { TrialFailure } from "./trial-failure.js";

export interface VirtualDeviceOptions {
  dir: string;
  connection: ThingOptions;
  /** How long a trial may take to confirm itself; a hanging one goes back after it. */
  confirmWithinMs: number;
  fail?: TrialFailure;
  /** Roots to trust for the download, PEM. */
  ca?: string;
  /** Whether images come from a stand-in on this machine, whose URLs are http. */
  allowLoopbackHttp: boolean;
  signal: AbortSignal;
  onEvent(event: DeviceEvent): void;
}

/** What a virtual device tells of itself. */
export type DeviceEvent =
  | { event: "booted"; slot: number; trial: boolean }
  /** The simulated boot loader gave a trial up. */
  | { event: "wentBack"; slot: number; why: "died" | "hung" }
  | { event: "connected" }
  | ({ event: "progress" } & UpdateReport)
  | { event: "warning"; message: string };

const SLOT_SIZE_BYTES = 1024 ** 3;
/** How often the agent looks whether a notification came; without one, that costs nothing. */
const POLL_MS = 200;
const RECONNECT_MS = 2_000;

/**
 * Runs the real agent on file slots until `signal`. The boot is simulated: any image boots, as this machine cannot run
 * another's code, unless `fail` says otherwise. State is in `dir`; started again on it, the device goes on.
 */
export async function runVirtualDevice(options: VirtualDeviceOptions): Promise<void> {
  const { dir, fail, confirmWithinMs, signal, onEvent } = options;
  while (!signal.aborted) {
    const saved = (await readBootRecord(dir)) ?? (await initBootRecord(dir, 0));
    const boot = nextBoot(saved, { maxTrialBoots: 1, isBootable: () => true });
    if (boot === undefined) return;
    if (boot.record !== saved) await writeBootRecord(dir, boot.record);
    onEvent({ event: "booted", slot: boot.slot, trial: boot.trial });
    if (boot.trial && fail === "boot") {
      onEvent({ event: "wentBack", slot: boot.slot, why: "died" });
      continue;
    }
    if (boot.trial && fail === "hang") {
      await sleep(confirmWithinMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) onEvent({ event: "wentBack", slot: boot.slot, why: "hung" });
      continue;
    }
    await runFirmware(options, boot.slot);
  }
}

/** One boot: the firmware's own loop, to the reset that the agent orders. */
async function runFirmware(options: VirtualDeviceOptions, slot: number): Promise<void> {
  const { connection, signal, onEvent, fail, allowLoopbackHttp } = options;
  const device = deviceOf(options, slot);
  const onProgress = (report: UpdateReport) => onEvent({ event: "progress", ...report });
  const selfTest = async () => fail !== "self-test";
  const fota = new Fota(device, { onProgress, selfTest, allowLoopbackHttp });

  const thing = await connectInTheEnd(connection, options);
  if (thing === undefined) return;
  onEvent({ event: "connected" });
  try {
    const jobs = new Jobs(thing);
    let force = true;
    while (!signal.aborted) {
      const resetDue = await unlessAborted(fota.handleFotaJobs(jobs, { force }), signal);
      if (resetDue) return;
      force = false;
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await thing.disconnect();
  }
}

function deviceOf({ dir, ca, onEvent }: VirtualDeviceOptions, runningSlot: number): Device {
  return {
    // The reset is the end of runFirmware: the loop around it boots again.
    slots: fileSlots({ dir, runningSlot, slotSizeBytes: SLOT_SIZE_BYTES, restart: async () => {} }),
    http: nodeHttp(ca === undefined ? {} : { ca }),
    state: fileState(join(dir, "fota-state.json")),
    clock: nodeClock,
    random: nodeRandom,
    log: (level, message) => {
      if (level === "warn" || level === "error") onEvent({ event: "warning", message });
    },
  };
}

/**
 * Tries until it works or is interrupted.
 * @throws {FotaError} CONFIG_INVALID for a certificate or key that no further attempt makes right
 */
async function connectInTheEnd(connection: ThingOptions, { signal, onEvent }: VirtualDeviceOptions) {
  while (!signal.aborted) {
    try {
      return await connectThing(connection);
    } catch (error) {
      if (isFotaError(error, "CONFIG_INVALID")) throw error;
      onEvent({ event: "warning", message: messageOf(error) });
      await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

/** What `task` comes to, or `undefined` as soon as `signal` is aborted. */
async function unlessAborted<T>(task: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let onAbort = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return signal.aborted ? undefined : await Promise.race([task, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
