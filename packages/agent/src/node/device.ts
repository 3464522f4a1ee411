import { join } from "node:path";
import { FotaError, type PublicKeys } from "@fota/shared";
import { createInventory } from "../core/inventory.js";
import type { Device, Log, Slots } from "../core/ports.js";
import type { TrustOptions } from "../core/trust-ports.js";
import { createDelta } from "../delta.js";
import { fileSlots } from "./file-slots.js";
import { fileState } from "./file-state.js";
import { nodeClock, nodeRandom, stderrLog } from "./host.js";
import { nodeHttp } from "./http.js";
import type { Given, Pem } from "./pem.js";
import type { ProxyOption } from "./proxy.js";
import { nodeTrust } from "./trust.js";

/** Name of the file with the saved state of an update. */
export const STATE_FILE = "fota-state.json";

export interface NodeDeviceOptions {
  /** Folder with the slots, the boot record and the saved state: the `--dir` of `fota-boot`. */
  dir: string;
  /** Slots of another boot loader, such as `ubootSlots`. `dir` then holds only the saved state. */
  slots?: Slots;
  /**
   * Largest image in bytes. Nothing is reserved on the disk.
   * @default 1 GiB
   */
  slotSizeBytes?: number;
  /**
   * Slot that this process runs from.
   * @default FOTA_SLOT in the environment, which `fota-boot` sets
   */
  runningSlot?: number;
  /** Hardware model. The device refuses job documents for another model. */
  model?: string;
  /** Version of the running firmware. The device refuses job documents with a higher `bc_min`. */
  firmwareVersion?: string | undefined;
  /**
   * Roots to trust for the download, in addition to Node's. Files are read and functions are called for each request.
   */
  ca?: Given<Pem | readonly Pem[]>;
  /**
   * Proxy for the download, for every host but this machine. `false`: none.
   * @default HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment, read for each request
   */
  proxy?: ProxyOption;
  /**
   * Highest rate of the download, in bytes per second: at least 1024.
   * @default no limit
   */
  maxBytesPerSecond?: number;
  /**
   * Whose job documents the device trusts. If set, the device refuses a document that not enough of these keys signed,
   * older versions, and documents that are older than the last one that it confirmed. Keys are PEM, or 32 bytes in
   * base64. What the device must not forget is saved in `fota-trust.json` in `dir`.
   */
  trust?: TrustOptions;
  /** Short for `trust: { keys }`. */
  trustedKeys?: PublicKeys;
  /**
   * Reports version, slot, model and image in the named shadow `fota`, where `fota fleet` finds them: one message for each
   * change. The policy of the device must allow the topics of that shadow. Remembers the last report in
   * `fota-inventory.json` in `dir`.
   * @default false
   */
  inventory?: boolean;
  /**
   * Downloads patches where the job document has them (`bc_delta`), and whole images otherwise.
   * @default true
   */
  delta?: boolean;
  log?: Log;
}

/**
 * Returns all that `Fota` needs on a Linux gateway under `fota-boot`. Only one process at a time may use a folder: in a
 * second process, the first access rejects with DEVICE_BUSY.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN outside `fota-boot` without `runningSlot`; CONFIG_INVALID for a trusted key,
 * a proxy or a `maxBytesPerSecond` that is not valid
 */
export function nodeDevice(options: NodeDeviceOptions): Device {
  const { dir, model, firmwareVersion, ca, proxy, maxBytesPerSecond, log = stderrLog() } = options;
  const trust = trustOf(options);
  return {
    slots: slotsOf(options),
    http: nodeHttp({
      ...(ca !== undefined && { ca }),
      ...(proxy !== undefined && { proxy }),
      ...(maxBytesPerSecond !== undefined && { maxBytesPerSecond }),
    }),
    state: fileState(join(dir, STATE_FILE), log),
    clock: nodeClock,
    random: nodeRandom,
    log,
    ...(model !== undefined && { model }),
    ...(firmwareVersion !== undefined && { firmwareVersion }),
    wallClockMs: () => Date.now(),
    ...(options.delta !== false && { delta: createDelta() }),
    ...(options.inventory === true && {
      inventory: createInventory({ store: fileState(join(dir, "fota-inventory.json"), log) }),
    }),
    ...(trust && { trust: nodeTrust(trust, fileState(join(dir, "fota-trust.json"), log)) }),
  };
}

function trustOf({ trust, trustedKeys: keys }: NodeDeviceOptions): TrustOptions | undefined {
  if (keys === undefined) return trust;
  if (trust === undefined) return { keys };
  throw new FotaError("CONFIG_INVALID", "trustedKeys cannot be combined with trust", {
    hint: "move the keys to trust.keys",
  });
}

function slotsOf({ dir, slots, slotSizeBytes, runningSlot }: NodeDeviceOptions): Slots {
  if (slots === undefined) {
    return fileSlots({
      dir,
      slotSizeBytes: slotSizeBytes ?? 1024 ** 3,
      runningSlot: runningSlot ?? readRunningSlot(),
    });
  }
  if (slotSizeBytes === undefined && runningSlot === undefined) return slots;
  throw new FotaError("CONFIG_INVALID", "slotSizeBytes and runningSlot cannot be combined with slots", {
    hint: "pass them to the function that creates the slots",
  });
}

function readRunningSlot(): number {
  const text = process.env["FOTA_SLOT"] ?? "";
  if (/^\d{1,4}$/.test(text)) return Number(text);
  const found = text === "" ? "FOTA_SLOT is not set" : `FOTA_SLOT is ${JSON.stringify(text)}`;
  throw new FotaError("RUNNING_SLOT_UNKNOWN", `cannot tell which slot this firmware runs from: ${found}`, {
    hint: "start the firmware with fota-boot, or pass runningSlot to nodeDevice",
  });
}
