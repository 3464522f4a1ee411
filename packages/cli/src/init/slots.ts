import { resolveSlots, USUAL_SLOTS } from "../image/slot-choice.js";
import type { FileSettings } from "../settings/config-schema.js";
import type { Output } from "../terminal/output.js";
import { askSlots } from "./questions.js";

/** Holds the keys of the settings file for the slots of a raw image; `undefined` removes a key from the file. */
export type SlotKeys = { slot?: number | undefined; slots?: number[] | undefined };

/**
 * Resolves the slots of a raw image from `--slot`, else from the file, else from `usual`, else by asking. Without an
 * answer nothing is set, and each publish must name the slot: an image that boots from a slot it is not linked for fails
 * its trial.
 * @throws {FotaError} SLOT_INVALID
 */
export async function resolveSlotKeys(
  output: Output,
  { slot: option, yes = false }: { slot?: string; yes?: boolean },
  file: FileSettings,
  usual?: "any",
): Promise<SlotKeys> {
  const isInFile = file.slot !== undefined || file.slots !== undefined;
  const chosen = option ?? (isInFile ? undefined : usual);
  if (chosen !== undefined) {
    const { slot, any } = resolveSlots({ slot: chosen }, { file });
    return any === undefined ? { slot } : { slot: undefined, slots: [...any] };
  }
  if (isInFile || yes || !output.canAsk) return {};
  return (await askSlots(output)) === "any" ? { slots: [...USUAL_SLOTS] } : {};
}
