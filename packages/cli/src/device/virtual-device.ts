import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Buffers,
  type Device,
  FotaAgent,
  type HookAnswer,
  Jobs,
  type Log,
  type Mqtt,
} from "@fota/agent";
import { createDelta } from "@fota/agent/delta";
import {
  connectThing,
  nodeClock,
  nodeHttp,
  nodeRandom,
  openSimulatedRecord,
  type SimulatedRecord,
  simulatedSlots,
  simulatedState,
} from "@fota/agent/node";
import { isFotaError, messageOf, type UpdateReport } from "@fota/shared";
import { given } from "../given.js";
import { wallClockMs } from "../wall-clock.js";
import type { DeviceConnection } from "./connection.js";
import { virtualInventory } from "./inventory.js";
import { onAbort } from "./on-abort.js";
import { slotVersions } from "./slot-versions.js";
import type { TrialFailure } from "./trial-failure.js";

/** Limits how many devices of a process do something at once. Each function calls the task when it may start. */
interface Turns {
  connect: Turn;
  /** A pass over the jobs, which downloads an image if there is one. */
  work: Turn;
  /** The same on trial. It does not wait for all the devices that have not started yet. */
  trial: Turn;
}

type Turn = <T>(task: () => Promise<T>) => Promise<T>;

export interface VirtualDeviceOptions {
  dir: string;
  /** True to lock `dir` against other processes, which takes an open file. */
  lock: boolean;
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
  turns: Turns;
  /** Lends the memory of updates to all devices. */
  buffers: Buffers;
  signal: AbortSignal;
  onEvent(event: DeviceEvent): void;
}

type Boot = ReturnType<SimulatedRecord["boot"]>;

/** Describes what a virtual device reports. */
export type DeviceEvent =
  | { event: "booted"; slot: number; trial: boolean }
  /** The simulated boot loader reverted a trial. */
  | { event: "wentBack"; slot: number; why: "died" | "hung" }
  | { event: "connected" }
  /** The device reconnects by itself. */
  | { event: "disconnected" }
  | ({ event: "progress" } & UpdateReport)
  /** The update that was in progress is abandoned: its job was canceled or deleted, or has timed out. */
  | { event: "jobGone" }
  | { event: "warning"; message: string };

const SLOT_SIZE_BYTES = 1024 ** 3;
const RECONNECT_MS = 2_000;
/** Delays of the agent after an error of link or service: short, because the stand-in is soon back. */
const RETRY = { baseMs: 1_000, maxMs: 5_000 };

/**
 * Runs the real agent on file slots until `signal` aborts. The boot is simulated: every image boots, because this
 * machine cannot run the code of another, unless `fail` says otherwise. State is in `dir`; a new run on it continues.
 */
export async function runVirtualDevice(allOptions: VirtualDeviceOptions): Promise<void> {
  const options = watchingUpdates(allOptions);
  const { dir, fail, confirmWithinMs, signal, onEvent } = options;
  const record = await openSimulatedRecord(dir, { lock: options.lock });
  while (!signal.aborted) {
    const boot = record.boot();
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
    await runFirmware(options, record, boot);
  }
}

/** What one boot of the firmware runs with. */
interface FirmwareOptions extends VirtualDeviceOptions {
  /** Called when the agent has nothing left to do. */
  onIdle(): void;
}

/** The agent reports how an update ends, unless its job is gone: then it is idle after the last progress. */
function watchingUpdates(options: VirtualDeviceOptions): FirmwareOptions {
  let isUpdating = false;
  return {
    ...options,
    onEvent(event) {
      if (event.event === "progress") isUpdating = !isEnd(event);
      options.onEvent(event);
    },
    onIdle() {
      if (isUpdating) options.onEvent({ event: "jobGone" });
      isUpdating = false;
    },
  };
}

/** Tells whether a report is the last one of its update. */
export function isEnd({ phase, reason }: UpdateReport): boolean {
  return phase === "done" || reason !== undefined;
}

/** Runs one boot of the firmware, until the agent resets the device. */
async function runFirmware(options: FirmwareOptions, record: SimulatedRecord, boot: Boot): Promise<void> {
  const versions = slotVersions(options.dir, options.fwVersion);
  const device = deviceOf(options, record, boot.slot, await versions.of(boot.slot));
  const agentOn = (thing: Mqtt) =>
    new FotaAgent(device, new Jobs(thing), {
      autoReset: false,
      disconnectMqtt: false, // as fota-agent does; it also saves a handshake for each update
      retry: RETRY,
      inTurn: boot.trial ? options.turns.trial : options.turns.work,
      selfTest: async () => options.fail !== "self-test",
      allowLoopbackHttp: options.allowLoopbackHttp,
      beforeInstall: async ({ slot, version }): Promise<HookAnswer> => {
        await versions.set(slot, version);
        return "allow";
      },
    });
  while (!options.signal.aborted && !(await runSession(agentOn, options))) {
    // The broker has another address: the same firmware connects there.
  }
}

/**
 * Runs one session, which reconnects by itself, until the reset (true) or until the broker has another address (false).
 */
async function runSession(agentOn: (thing: Mqtt) => FotaAgent, options: FirmwareOptions): Promise<boolean> {
  const { signal, onEvent, onIdle } = options;
  let end: (isReset: boolean) => void = () => {};
  const ended = new Promise<boolean>((resolve) => {
    end = resolve;
  });
  const thing = await connectWithRetry(options, () => end(false));
  if (thing === undefined) return true;
  const agent = agentOn(thing);
  agent.on("progress", (report) => onEvent({ event: "progress", ...report }));
  agent.on("idle", onIdle);
  agent.on("resetDue", () => end(true));
  agent.start();
  const isReset = await unlessAborted(ended, signal);
  const stopped = agent.stop();
  await thing.disconnect();
  // Work that has not ended yet must not reconnect to the old address or disturb the next session.
  await unlessAborted(stopped, signal);
  await thing.disconnect();
  return isReset ?? true;
}

function deviceOf(
  { dir, connection, model, inventory, buffers, onEvent }: VirtualDeviceOptions,
  record: SimulatedRecord,
  runningSlot: number,
  firmwareVersion: string | undefined,
): Device {
  const log: Log = (level, message, about) => {
    const isCause = typeof about === "string"; // the last progress has the cause of an update that failed
    const isShown = (level === "warn" || level === "error") && !isCause && !connection.isAway(about);
    if (isShown) onEvent({ event: "warning", message });
  };
  return {
    // The reset is the return of runFirmware: the loop around it boots again.
    slots: simulatedSlots({
      dir,
      record,
      runningSlot,
      slotSizeBytes: SLOT_SIZE_BYTES,
      buffers,
      restart: async () => {},
    }),
    http: nodeHttp({ ...connection.http, buffers }),
    buffers,
    state: simulatedState(join(dir, "fota-state.json")),
    clock: nodeClock,
    random: nodeRandom,
    log,
    wallClockMs,
    delta: createDelta(),
    ...(inventory && { inventory: virtualInventory(dir, connection) }),
    ...given({ model, firmwareVersion }),
  };
}

/**
 * Retries until the connection works or is interrupted.
 * @throws {FotaError} CONFIG_INVALID for a certificate or key that no further attempt can make valid
 */
async function connectWithRetry(
  { connection, turns, signal, onEvent }: VirtualDeviceOptions,
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
      const options = await connection.options(onMoved);
      return await connectThing({ ...options, inTurn: turns.connect, onConnectionChange });
    } catch (error) {
      if (isFotaError(error, "CONFIG_INVALID")) throw error;
      if (!connection.isAway(error)) onEvent({ event: "warning", message: messageOf(error) });
      await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

/** Returns the result of `task`, or `undefined` as soon as `signal` aborts. */
async function unlessAborted<T>(task: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  let forget = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    forget = onAbort(signal, () => resolve(undefined));
  });
  try {
    return await Promise.race([task, aborted]);
  } finally {
    forget();
  }
}
