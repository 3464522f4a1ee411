import { readFileSync } from "node:fs";
import { FotaError } from "@fota/shared";
import type { SavedBootRecord } from "../boot/boot-record.js";
import { lockFolder } from "../boot/folder-lock.js";
import { isBootable } from "../boot/slot-files.js";
import type { Slots } from "../core/ports.js";
import { type RecordedSlotsOptions, recordedSlots, type SlotsView, viewOfSlots } from "./recorded-slots.js";
import { SlotStorage } from "./slot-storage.js";
import { runTool } from "./tool.js";

/** A boot loader as the agent sees it: its record, the slot that runs, and the way to restart. */
export type BootLoader = Pick<RecordedSlotsOptions, "store" | "runningSlot" | "trialMismatch" | "restart">;

/** Options of slots that are partitions or files, under any boot loader. */
export interface LoaderSlotsOptions {
  /** Path of each slot, by index: partitions, or files that the boot loader loads. */
  paths: readonly string[];
  /** Largest image in bytes. The smallest block device lowers it. Default: limited only by the device or disk. */
  slotSizeBytes?: number;
}

/** Returns slots at `paths` that `loader` boots. */
export function loaderSlots(loader: BootLoader, options: LoaderSlotsOptions): Slots {
  return recordedSlots(partsOf(loader, options));
}

/** Returns the same slots only to show them. */
export function loaderSlotsView(loader: BootLoader, options: LoaderSlotsOptions): SlotsView {
  return viewOfSlots(partsOf(loader, options));
}

function partsOf(loader: BootLoader, options: LoaderSlotsOptions): RecordedSlotsOptions {
  const { paths, slotSizeBytes = Number.MAX_SAFE_INTEGER } = options;
  const storage = new SlotStorage(paths, slotSizeBytes);
  return {
    ...loader,
    storage,
    async checkFallback({ workingSlot }) {
      const path = storage.pathOf(workingSlot);
      if (await isBootable(path)) return;
      throw new FotaError("FALLBACK_MISSING", `slot ${workingSlot} (${path}) holds no image to revert to`, {
        hint: "keep the new image, and update again",
      });
    },
  };
}

/** Returns the way to load a record: reads it by `read`, and locks `path`, a file of the boot loader. */
export function lockedStore(
  path: string,
  read: () => Promise<SavedBootRecord>,
): Required<Pick<BootLoader["store"], "load" | "read">> {
  return {
    read,
    async load() {
      const record = await read();
      await lockFolder(path, "agent");
      return record;
    },
  };
}

/** Returns the slot in the kernel's command line. @throws {FotaError} RUNNING_SLOT_UNKNOWN */
export function readRunningSlot(): number {
  return parseRunningSlot(readFileSync("/proc/cmdline", "utf8"));
}

/**
 * Parses the running slot from the kernel's command line.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN
 */
export function parseRunningSlot(commandLine: string): number {
  const [, slot] = /(?:^|\s)fota\.slot=(\d{1,4})(?:\s|$)/.exec(commandLine) ?? [];
  if (slot !== undefined) return Number(slot);
  throw new FotaError("RUNNING_SLOT_UNKNOWN", "the kernel's command line has no fota.slot=N", {
    hint: "add it to the boot script, or pass runningSlot",
  });
}

const REBOOT_HINTS = {
  installHint: "install systemd or busybox, or pass restart",
  failureHint: "run as root, or pass restart",
};

/** Restarts Linux, which ends this process soon. `args` are further arguments of `reboot`. */
export async function reboot(...args: string[]): Promise<void> {
  await runTool("reboot", args, REBOOT_HINTS);
}
