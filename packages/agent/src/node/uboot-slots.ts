import { FotaError } from "@fota/shared";
import type { SavedBootRecord } from "../boot/boot-record.js";
import type { Slots } from "../core/ports.js";
import {
  type BootLoader,
  type LoaderSlotsOptions,
  loaderSlots,
  lockedStore,
  readRunningSlot,
  reboot,
} from "./boot-loader.js";
import { ENV_CONFIG, readUbootEnv, writeUbootEnv } from "./uboot-env.js";

export interface UbootLoaderOptions {
  /**
   * Slot that this process runs from.
   * @default `fota.slot=` in the kernel's command line (docs/uboot.md)
   */
  runningSlot?: number;
  /**
   * Configuration file of `fw_printenv` and `fw_setenv`.
   * @default /etc/fw_env.config
   */
  envConfig?: string;
  /**
   * Restarts the device.
   * @default runs `reboot`, which ends this process
   */
  restart?: () => Promise<void>;
}

export interface UbootSlotsOptions extends UbootLoaderOptions, LoaderSlotsOptions {}

/**
 * Returns slots with the boot record in U-Boot's environment, for the boot script of docs/uboot.md: U-Boot counts the
 * boots of a trial and reverts. Uses `fw_printenv` and `fw_setenv`, which need root.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN if neither `runningSlot` nor the kernel's command line names the slot
 */
export function ubootSlots(options: UbootSlotsOptions): Slots {
  return loaderSlots(ubootLoader(options), options);
}

/**
 * Returns U-Boot for slots that an installer writes, such as `swupdateSlots`.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN as `ubootSlots`
 */
export function ubootLoader(options: UbootLoaderOptions = {}): BootLoader {
  const { envConfig = ENV_CONFIG, restart = reboot } = options;
  return {
    store: {
      ...lockedStore(envConfig, async () => parseRecord(await readUbootEnv(envConfig))),
      save: (record) => writeUbootEnv(envConfig, variablesOf(record)),
    },
    runningSlot: options.runningSlot ?? readRunningSlot(),
    restart: () => restart(),
  };
}

/**
 * Parses the record as U-Boot acts on it: without `upgrade_available` it counts no boots, and the script of
 * docs/uboot.md boots the working slot and ignores `fota_current`.
 */
function parseRecord(variables: ReadonlyMap<string, string>): SavedBootRecord {
  const workingSlot = numberIn(variables, "fota_working");
  const currentSlot = numberIn(variables, "fota_current");
  if (currentSlot === undefined || workingSlot === undefined) {
    throw new FotaError(
      "BOOT_RECORD_INVALID",
      "fota_current or fota_working is missing from U-Boot's environment",
      {
        hint: "set up the environment as docs/uboot.md describes",
      },
    );
  }
  if (variables.get("upgrade_available") !== "1")
    return { currentSlot: workingSlot, workingSlot, trialBoots: 0 };
  return { currentSlot, workingSlot, trialBoots: numberIn(variables, "bootcount") ?? 0 };
}

/** Returns the variables for a record. U-Boot defines `upgrade_available` and `bootcount` (doc/api/bootcount.rst). */
function variablesOf({ currentSlot, workingSlot, trialBoots }: SavedBootRecord): Record<string, number> {
  return {
    fota_current: currentSlot,
    fota_working: workingSlot,
    upgrade_available: currentSlot === workingSlot ? 0 : 1,
    bootcount: trialBoots,
  };
}

function numberIn(variables: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = variables.get(name) ?? "";
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}
