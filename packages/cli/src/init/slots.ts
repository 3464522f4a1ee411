import { resolveSlots, USUAL_SLOTS } from "../image/slot-choice.js";
import type { FileSettings } from "../settings/config-schema.js";
import type { Output } from "../terminal/output.js";
import { askSlots } from "./questions.js";

/** Keys of the settings file that say which slots a raw image is for; `undefined` takes a key out of the file. */
export type SlotKeys = { slot?: number | undefined; slots?: number[] | undefined };

/**
 * Settles which slots a raw image is for: from `--slot`, else from what the file has, else `usual`, else by asking.
 * Without an answer nothing is set, and each publish names the slot: to boot an image in a slot that it is not linked for
 * fails its trial.
 * @throws {FotaError} SLOT_INVALID
 */
export async function settleSlots(
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
