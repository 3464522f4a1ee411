import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { FotaError } from "@fota/shared";
import type { SavedBootRecord } from "../boot/boot-record.js";
import { lockFolder } from "../boot/folder-lock.js";
import type { Slots } from "../core/ports.js";
import { recordedSlots } from "./recorded-slots.js";
import { SlotStorage } from "./slot-storage.js";
import { ENV_CONFIG, readUbootEnv, writeUbootEnv } from "./uboot-env.js";

export interface UbootSlotsOptions {
  /** Where each slot is, by index: partitions, or files that U-Boot loads. */
  paths: readonly string[];
  /** Slot that this process runs from. Default: `fota.slot=` in the kernel's command line (docs/uboot.md). */
  runningSlot?: number;
  /** A bound on the size of an image. Block devices lower it to the smallest; files are bound by the disk at least. */
  slotSizeBytes?: number;
  /** Configuration of the tools; default /etc/fw_env.config. */
  envConfig?: string;
  /** Default: runs `reboot`, which ends this process. */
  restart?: () => Promise<void>;
}

/**
 * Slots whose record is kept in U-Boot's environment, for the boot script of docs/uboot.md: U-Boot counts the boots of
 * a trial and goes back by itself. Reads and writes with `fw_printenv` and `fw_setenv`, as root.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN when neither `runningSlot` nor the command line names it
 */
export function ubootSlots(options: UbootSlotsOptions): Slots {
  const { paths, envConfig = ENV_CONFIG, slotSizeBytes = Number.MAX_SAFE_INTEGER } = options;
  return recordedSlots({
    store: {
      async load() {
        const variables = await readUbootEnv(envConfig);
        await lockFolder(envConfig, "agent");
        return recordOf(variables);
      },
      save: (record) => writeUbootEnv(envConfig, variablesOf(record)),
    },
    storage: new SlotStorage(paths, slotSizeBytes),
    runningSlot: options.runningSlot ?? slotOfCommandLine(readFileSync("/proc/cmdline", "utf8")),
    restart: options.restart ?? reboot,
  });
}

/** @throws {FotaError} RUNNING_SLOT_UNKNOWN */
export function slotOfCommandLine(commandLine: string): number {
  const [, slot] = /(?:^|\s)fota\.slot=(\d{1,4})(?:\s|$)/.exec(commandLine) ?? [];
  if (slot !== undefined) return Number(slot);
  throw new FotaError("RUNNING_SLOT_UNKNOWN", "the kernel's command line has no fota.slot=N", {
    hint: "let the boot script add it to bootargs, or give ubootSlots its runningSlot",
  });
}

/**
 * What U-Boot will do with the variables: without `upgrade_available` it counts no boots, and the script of
 * docs/uboot.md then boots the working slot whatever `fota_current` says.
 */
function recordOf(variables: ReadonlyMap<string, string>): SavedBootRecord {
  const workingSlot = numberIn(variables, "fota_working");
  const currentSlot = numberIn(variables, "fota_current");
  if (currentSlot === undefined || workingSlot === undefined) {
    throw new FotaError(
      "BOOT_RECORD_INVALID",
      "fota_current or fota_working is missing in U-Boot's environment",
      {
        hint: "set up the environment as docs/uboot.md describes",
      },
    );
  }
  if (variables.get("upgrade_available") !== "1")
    return { currentSlot: workingSlot, workingSlot, trialBoots: 0 };
  return { currentSlot, workingSlot, trialBoots: numberIn(variables, "bootcount") ?? 0 };
}

/** `upgrade_available` and `bootcount` are U-Boot's own (CONFIG_BOOTCOUNT_ENV, doc/api/bootcount.rst). */
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

async function reboot(): Promise<void> {
  await promisify(execFile)("reboot");
}
