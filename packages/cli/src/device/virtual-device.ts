import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Device, Fota, type HookAnswer, Jobs, type Log } from "@fota/agent";
import { createDelta } from "@fota/agent/delta";
import {
  connectThing,
  fileSlots,
  fileState,
  nodeClock,
  nodeHttp,
  nodeRandom,
  simulateBoot,
} from "@fota/agent/node";
import { isFotaError, messageOf, type UpdateReport } from "@fota/shared";
import { given } from "../given.js";
import type { DeviceConnection } from "./connection.js";
import { virtualInventory } from "./inventory.js";
import { slotVersions } from "./slot-versions.js";
import type { TrialFailure } from "./trial-failure.js";

export interface VirtualDeviceOptions {
  dir: string;
  connection: DeviceConnection;
  /** Limits the time in which a trial must confirm itself; after it, a hanging image is reverted. */
  confirmWithinMs: number;
  fail?: TrialFailure;
  /** The hardware model; the device refuses jobs for another one. */
  model?: string;
  /** The version of the factory image; later images bring their own. */
  fwVersion?: string;
  /** True if it reports what it runs in the shadow `fota`. */
  inventory: boolean;
  /** True if images come from a stand-in on this machine, whose URLs are http. */
  allowLoopbackHttp: boolean;
  /** Limits how many devices connect at once. */
  inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  signal: AbortSignal;
  onEvent(event: DeviceEvent): void;
}

/** Describes what a virtual device reports. */
export type DeviceEvent =
  | { event: "booted"; slot: number; trial: boolean }
  /** The simulated boot loader reverted a trial. */
  | { event: "wentBack"; slot: number; why: "died" | "hung" }
  | { event: "connected" }
  /** The device reconnects by itself. */
  | { event: "disconnected" }
  | ({ event: "progress" } & UpdateReport)
  | { event: "warning"; message: string };

const SLOT_SIZE_BYTES = 1024 ** 3;
/** A notification wakes the agent at once; polling serves work that waits for a time. */
const POLL_MS = 1_000;
const RECONNECT_MS = 2_000;

/**
 * Runs the real agent on file slots until `signal` aborts. The boot is simulated: every image boots, because this
 * machine cannot run the code of another, unless `fail` says otherwise. State is in `dir`; a new run on it continues.
 */
export async function runVirtualDevice(options: VirtualDeviceOptions): Promise<void> {
  const { dir, fail, confirmWithinMs, signal, onEvent } = options;
  while (!signal.aborted) {
    const boot = await simulateBoot(dir);
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

/** Runs one boot: the firmware's main loop, until the agent resets the device. */
async function runFirmware(options: VirtualDeviceOptions, slot: number): Promise<void> {
  const { dir, signal, onEvent, fail, allowLoopbackHttp } = options;
  const versions = slotVersions(dir, options.fwVersion);
  const device = deviceOf(options, slot, await versions.of(slot));
  const fota = new Fota(device, {
    onProgress: (report: UpdateReport) => onEvent({ event: "progress", ...report }),
    selfTest: async () => fail !== "self-test",
    allowLoopbackHttp,
    beforeInstall: async ({ slot, version }): Promise<HookAnswer> => {
      await versions.set(slot, version);
      return "allow";
    },
  });
  while (!signal.aborted && !(await runSession(fota, options))) {
    // The broker has another address: the same firmware connects there.
  }
}

/**
 * Runs one session, which reconnects by itself, until the reset (true) or until the broker has another address (false).
 */
async function runSession(fota: Fota, options: VirtualDeviceOptions): Promise<boolean> {
  const moved = new AbortController();
  const ended = AbortSignal.any([options.signal, moved.signal]);
  const thing = await connectWithRetry(options, () => moved.abort());
  if (thing === undefined) return true;
  let call: Promise<unknown> | undefined;
  try {
    const jobs = new Jobs(thing);
    const wakeUp = wakeUpBy(jobs, ended);
    let force = true;
    while (!ended.aborted) {
      const handling = fota.handleFotaJobs(jobs, { force });
      call = handling;
      if (await unlessAborted(handling, ended)) return true;
      force = false;
      await wakeUp();
    }
    return options.signal.aborted;
  } finally {
    await thing.disconnect();
    // Requests that are still running must not reconnect to the old address or disturb the next session.
    if (!options.signal.aborted && moved.signal.aborted) {
      await unlessAborted(Promise.resolve(call), options.signal);
      await thing.disconnect();
    }
  }
}

/** Waits for a notification, the next poll or the end, whichever comes first. */
function wakeUpBy(jobs: Jobs, ended: AbortSignal): () => Promise<void> {
  return () => {
    const woken = new AbortController();
    const forget = jobs.onChange(() => woken.abort());
    return sleep(POLL_MS, undefined, { signal: AbortSignal.any([ended, woken.signal]) })
      .catch(() => undefined)
      .finally(forget);
  };
}

function deviceOf(
  { dir, connection, model, inventory, onEvent }: VirtualDeviceOptions,
  runningSlot: number,
  firmwareVersion: string | undefined,
): Device {
  const log: Log = (level, message) => {
    if (level === "warn" || level === "error") onEvent({ event: "warning", message });
  };
  return {
    // The reset is the return of runFirmware: the loop around it boots again.
    slots: fileSlots({ dir, runningSlot, slotSizeBytes: SLOT_SIZE_BYTES, restart: async () => {} }),
    http: nodeHttp(connection.http),
    state: fileState(join(dir, "fota-state.json"), log),
    clock: nodeClock,
    random: nodeRandom,
    log,
    wallClockMs: () => Date.now(),
    delta: createDelta(),
    ...(inventory && { inventory: virtualInventory(dir, connection, log) }),
    ...given({ model, firmwareVersion }),
  };
}

/**
 * Retries until the connection works or is interrupted.
 * @throws {FotaError} CONFIG_INVALID for a certificate or key that no further attempt can make valid
 */
async function connectWithRetry(
  { connection, inTurn, signal, onEvent }: VirtualDeviceOptions,
  onMoved: () => void,
) {
  let online: boolean | undefined;
  const onConnectionChange = (connected: boolean) => {
    if (connected === (online ?? false)) return;
    online = connected;
    onEvent({ event: connected ? "connected" : "disconnected" });
  };
  while (!signal.aborted) {
    try {
      return await inTurn(async () => {
        const options = await connection.options(onMoved);
        return await connectThing({ ...options, onConnectionChange });
      });
    } catch (error) {
      if (isFotaError(error, "CONFIG_INVALID")) throw error;
      onEvent({ event: "warning", message: messageOf(error) });
      await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

/** Returns the result of `task`, or `undefined` as soon as `signal` aborts. */
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
