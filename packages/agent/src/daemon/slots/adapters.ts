import * as v from "valibot";
import type { OpenedSlots, ShownSlots, SlotsAdapter, SlotsContext } from "./adapter.js";
import { commandAdapter } from "./command.js";
import { filesAdapter } from "./files.js";
import { grubAdapter, trybootAdapter, ubootAdapter, uefiAdapter } from "./loaders.js";
import { raucAdapter } from "./rauc.js";
import { swupdateAdapter } from "./swupdate.js";

/** The kinds of slots by the `type` in the configuration. A new kind is an adapter, and an entry here and below. */
const SLOT_ADAPTERS = {
  files: filesAdapter,
  uboot: ubootAdapter,
  grub: grubAdapter,
  uefi: uefiAdapter,
  tryboot: trybootAdapter,
  rauc: raucAdapter,
  swupdate: swupdateAdapter,
  command: commandAdapter,
} as const;

export const slotsSchema = v.variant(
  "type",
  [
    filesAdapter.schema,
    ubootAdapter.schema,
    grubAdapter.schema,
    uefiAdapter.schema,
    trybootAdapter.schema,
    raucAdapter.schema,
    swupdateAdapter.schema,
    commandAdapter.schema,
  ],
  `must be one of ${Object.keys(SLOT_ADAPTERS).join(", ")}`,
);

type SlotsConfig = v.InferOutput<typeof slotsSchema>;

/** Returns the programs that the slots of the configuration run, by path or as names in PATH. */
export function slotTools(config: SlotsConfig): readonly string[] {
  return (SLOT_ADAPTERS[config.type].tools as (config: SlotsConfig) => readonly string[])(config);
}

/** Returns the folder that the slots of the configuration make when they are first used. */
export function slotFolder(config: SlotsConfig, stateDir: string): string | undefined {
  const { folder } = SLOT_ADAPTERS[config.type] as Pick<SlotsAdapter<v.GenericSchema>, "folder">;
  return folder?.(config, stateDir);
}

/**
 * Asks the installer and the boot loader of the configuration, if there are any, without the folder of the slots.
 * @throws {FotaError} errors of the installer and the boot loader
 */
export async function askSlots(config: SlotsConfig): Promise<void> {
  const { ask } = SLOT_ADAPTERS[config.type] as Pick<SlotsAdapter<v.GenericSchema>, "ask">;
  await ask?.(config);
}

/** Opens the slots of the configuration for this boot of the device. @throws {FotaError} as the adapter does */
export async function openSlots(config: SlotsConfig, context: SlotsContext): Promise<OpenedSlots> {
  const open = SLOT_ADAPTERS[config.type].open as (
    config: SlotsConfig,
    context: SlotsContext,
  ) => Promise<OpenedSlots>;
  return await open(config, context);
}

/** Opens the slots of the configuration only to show them. @throws {FotaError} as the adapter does */
export async function showSlots(config: SlotsConfig, context: SlotsContext): Promise<ShownSlots> {
  const show = SLOT_ADAPTERS[config.type].show as (
    config: SlotsConfig,
    context: SlotsContext,
  ) => Promise<ShownSlots>;
  return await show(config, context);
}
