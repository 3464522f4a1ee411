import { FotaError } from "@fota/shared";
import { parseSlot } from "../settings/flags.js";
import type { SettingSources } from "../settings/settings.js";
import type { ImageOptions } from "./image-argument.js";

/** Says which slots an image is for, according to options and settings; the image files may name slots too. */
export interface SlotChoice {
  /** The named slot; of several images, the one for this slot fills the legacy keys. `undefined`: none is named. */
  slot: number | undefined;
  /**
   * Lists the slots that a raw image is for, if it is the same in each of them; `undefined`: an image is for one slot.
   */
  any: readonly number[] | undefined;
  /** True if the command line names the slot, not the settings file: a file that disagrees is then an error. */
  isStated: boolean;
}

const ANY_SLOT = "any";
/** Has the two slots of `fota-boot`, U-Boot setups and most other boot loaders. */
export const USUAL_SLOTS: readonly number[] = [0, 1];

/** Resolves `--slot`, then `slot` and `slots` of the settings file. @throws {FotaError} SLOT_INVALID */
export function resolveSlots(
  { slot }: Pick<ImageOptions, "slot">,
  { file }: Pick<SettingSources, "file">,
): SlotChoice {
  if (slot === ANY_SLOT) return { slot: file.slot, any: file.slots ?? USUAL_SLOTS, isStated: true };
  if (slot !== undefined) return { slot: parseSlot(String(slot)), any: undefined, isStated: true };
  return { slot: file.slot, any: file.slot === undefined ? file.slots : undefined, isStated: false };
}

/**
 * Returns the slots of a raw image, the one of the legacy keys first; none if no slot is named. Without a named slot,
 * the legacy keys carry the first slot above 0: a device leaves the factory with its image in slot 0, and the original
 * library reads only the legacy keys and refuses an image for the slot that it runs from.
 * @throws {FotaError} SLOT_INVALID when the named slot is none of them
 */
export function slotsOfRawImage({ slot, any }: SlotChoice): number[] {
  if (any === undefined) return slot === undefined ? [] : [slot];
  const first = slot ?? any.find((other) => other > 0);
  if (first !== undefined && any.includes(first)) return [first, ...any.filter((other) => other !== first)];
  throw new FotaError("SLOT_INVALID", `slot ${first} of the settings is not one of ${any.join(", ")}`, {
    hint: 'name the slots that the devices have in fota.config.json: {"slots": [0, 1]}',
  });
}
