import type { SavedBootRecord } from "../boot/boot-record.js";
import type { Slots } from "../core/ports.js";
import type { BootLoader } from "./boot-loader.js";
import { BUNDLE_MAX_BYTES, BundleStorage } from "./bundle-storage.js";
import { type RecordedSlotsOptions, recordedSlots, type SlotsView, viewOfSlots } from "./recorded-slots.js";
import { runTool } from "./tool.js";

export interface SwupdateSlotsOptions {
  /** Folder for the .swu files and the notes of what was installed. Not in a slot. */
  dir: string;
  /** The boot loader: `ubootLoader()`, `grubLoader()`, `trybootLoader()` or `await uefiLoader()`. */
  loader: BootLoader;
  /**
   * Selection of sw-description that writes each slot, by index, as in `swupdate --select`.
   * @default ["stable,slot-0", "stable,slot-1"]
   */
  selections?: readonly string[];
  /** Further arguments, such as `--key`, `/etc/swupdate/public.pem`. */
  arguments?: readonly string[];
  /**
   * Largest .swu file in bytes. Nothing is reserved on the disk.
   * @default 1 GiB
   */
  slotSizeBytes?: number;
  /**
   * Limit on an installation.
   * @default 1_800_000
   */
  installTimeoutMs?: number;
}

const SYNC_HINTS = {
  installHint: "install coreutils or busybox",
  failureHint: "check the disk of the slots",
};

/**
 * Returns slots that SWUpdate writes: the image of a job is a .swu file (docs/swupdate.md). The agent stores and verifies
 * it, `swupdate` installs it into the slot that does not run, and `loader` has the trial.
 */
export function swupdateSlots(options: SwupdateSlotsOptions): Slots {
  return recordedSlots(partsOf(options));
}

/** Returns the same slots only to show them. */
export function swupdateSlotsView(options: SwupdateSlotsOptions): SlotsView {
  return viewOfSlots(partsOf(options));
}

function partsOf(options: SwupdateSlotsOptions): RecordedSlotsOptions {
  const { dir, loader, selections = ["stable,slot-0", "stable,slot-1"] } = options;
  const { slotSizeBytes = BUNDLE_MAX_BYTES, installTimeoutMs = 1_800_000 } = options;
  const storage = new BundleStorage({
    dir,
    slotCount: selections.length,
    slotSizeBytes,
    runningSlot: loader.runningSlot,
  });

  async function install(slot: number): Promise<void> {
    await storage.install(slot, async (path) => {
      const select = ["--select", selections[slot] ?? ""];
      // The trial belongs to the loader: SWUpdate must not set its own variables in the boot loader's environment.
      const markers = ["--no-transaction-marker", "--no-state-marker"];
      const args = [...(options.arguments ?? []), ...markers, ...select, "--image", path];
      await runTool("swupdate", args, {
        timeoutMs: installTimeoutMs,
        // Seen in version 2022.12: exit code 1 after a success, when its processes end in another order.
        isDone: (stdout) => stdout.includes("SWUPDATE successful !"),
        installHint: "install swupdate",
        failureHint: "run swupdate by hand with this file, and check its key and the selections",
      });
      await runTool("sync", [], SYNC_HINTS); // SWUpdate's handlers may leave bytes in memory
    });
  }

  async function save(record: SavedBootRecord): Promise<void> {
    const { currentSlot, workingSlot, trialBoots } = record;
    if (currentSlot !== workingSlot && trialBoots === 0) await install(currentSlot);
    await loader.store.save(record);
    if (workingSlot === loader.runningSlot) await storage.removeFile(workingSlot);
  }

  return { ...loader, store: { ...loader.store, save }, storage };
}
