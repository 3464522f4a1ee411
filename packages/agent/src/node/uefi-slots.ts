import { FotaError } from "@fota/shared";
import { trialMismatch } from "../boot/boot-id.js";
import type { SavedBootRecord } from "../boot/boot-record.js";
import type { Slots } from "../core/ports.js";
import { type BootLoader, type LoaderSlotsOptions, loaderSlots, reboot } from "./boot-loader.js";
import { type BootManager, readBootManager, writeBootNext, writeBootOrder } from "./uefi-entries.js";

export interface UefiLoaderOptions {
  /**
   * Label of the boot entry of each slot, by index.
   * @default ["fota-0", "fota-1"]
   */
  labels?: readonly string[];
  /**
   * Restarts the device.
   * @default runs `reboot`, which ends this process
   */
  restart?: () => Promise<void>;
}

export interface UefiSlotsOptions extends UefiLoaderOptions, LoaderSlotsOptions {}

/**
 * Returns slots that the boot manager of a UEFI firmware boots (docs/uefi.md): BootNext is the trial, which the firmware
 * boots once; the first slot in BootOrder is the confirmed one. Uses `efibootmgr`, which needs root.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN if this boot did not come from the entry of a slot; BOOT_RECORD_INVALID,
 * SLOT_ACCESS
 */
export async function uefiSlots(options: UefiSlotsOptions): Promise<Slots> {
  return loaderSlots(await uefiLoader(options), options);
}

/**
 * Returns the boot manager for slots that an installer writes, such as `swupdateSlots`.
 * @throws {FotaError} as `uefiSlots`
 */
export async function uefiLoader(options: UefiLoaderOptions = {}): Promise<BootLoader> {
  const { labels = ["fota-0", "fota-1"], restart = reboot } = options;
  const runningSlot = findRunningSlot(await readBootManager(), labels);
  return {
    store: {
      load: async () => parseRecord(await readBootManager(), labels),
      save: async (record) => await saveRecord(record, labels, runningSlot),
    },
    runningSlot,
    trialMismatch: (record) => trialMismatch(record, runningSlot, undefined),
    restart: () => restart(),
  };
}

/** Returns the active entry of each slot, by index. @throws {FotaError} BOOT_RECORD_INVALID */
function findSlotEntries({ entries }: BootManager, labels: readonly string[]): string[] {
  return labels.map((label) => {
    const [found, second] = entries.filter((entry) => entry.label === label && entry.isActive);
    if (found !== undefined && second === undefined) return found.id;
    const count = found === undefined ? "no active entry" : "more than one entry";
    throw new FotaError("BOOT_RECORD_INVALID", `the UEFI firmware has ${count} with the label ${label}`, {
      hint: "set up one boot entry for each slot as docs/uefi.md describes",
    });
  });
}

function findRunningSlot(manager: BootManager, labels: readonly string[]): number {
  const slot = findSlotEntries(manager, labels).indexOf(manager.current ?? "");
  if (slot >= 0) return slot;
  const found = manager.entries.find(({ id }) => id === manager.current);
  const entry = found === undefined ? "an unknown boot entry" : `the boot entry "${found.label}"`;
  throw new FotaError("RUNNING_SLOT_UNKNOWN", `this boot came from ${entry}, not from a slot`, {
    hint: `boot the entry of a slot: ${labels.join(", ")}`,
  });
}

/**
 * Parses the record as the firmware acts on it. Without BootNext, a boot from another slot than the first one in
 * BootOrder is a trial: the next one boots BootOrder.
 */
function parseRecord(manager: BootManager, labels: readonly string[]): SavedBootRecord {
  const slots = findSlotEntries(manager, labels);
  const workingSlot = slots.indexOf(manager.order.find((id) => slots.includes(id)) ?? "");
  if (workingSlot < 0) {
    throw new FotaError("BOOT_RECORD_INVALID", `BootOrder has no entry of a slot (${slots.join(", ")})`, {
      hint: "set the order as docs/uefi.md describes",
    });
  }
  const [next, running] = [slots.indexOf(manager.next ?? ""), slots.indexOf(manager.current ?? "")];
  if (next >= 0) return { currentSlot: next, workingSlot, trialBoots: 0 };
  if (running >= 0 && running !== workingSlot) return { currentSlot: running, workingSlot, trialBoots: 1 };
  return { currentSlot: workingSlot, workingSlot, trialBoots: 0 };
}

/** Each change of a record is one write of a variable, which the firmware makes atomically. */
async function saveRecord(
  record: SavedBootRecord,
  labels: readonly string[],
  runningSlot: number,
): Promise<void> {
  const manager = await readBootManager();
  const slots = findSlotEntries(manager, labels);
  const order = orderWith(manager.order, slots, slots[record.workingSlot] ?? "");
  if (order.join() !== manager.order.join()) await writeBootOrder(order);
  const next = nextEntry(record, slots, runningSlot);
  if (next !== manager.next) await writeBootNext(next);
}

/** Moves `working` before the other slots. Entries that are not slots keep their places. */
function orderWith(order: readonly string[], slots: readonly string[], working: string): string[] {
  const others = order.filter((id) => id !== working);
  const at = others.findIndex((id) => slots.includes(id));
  others.splice(at < 0 ? others.length : at, 0, working);
  return others;
}

/**
 * Returns the BootNext of a record. The running slot is on trial while BootOrder begins with another one and BootNext is
 * not set; so a trial is ended by a BootNext with the working slot.
 */
function nextEntry(
  { currentSlot, workingSlot, trialBoots }: SavedBootRecord,
  slots: readonly string[],
  runningSlot: number,
): string | undefined {
  if (currentSlot === workingSlot) return runningSlot === workingSlot ? undefined : slots[workingSlot];
  return trialBoots === 0 ? slots[currentSlot] : undefined;
}
