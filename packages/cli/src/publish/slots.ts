import { FotaError } from "@fota/shared";
import { type ImageFile, otherSlot } from "../image/image-file.js";
import type { ImageSpec } from "../image/image-spec.js";

export interface SlottedFile {
  image: ImageFile;
  slot: number;
}

/**
 * Each image with its slot, the one of the legacy keys first. A single image that says its slot needs no other word;
 * one that was stated must not disagree.
 * @throws {FotaError} SLOT_INVALID
 */
export function slotsOf(
  { slot: wanted, slotIsStated }: Pick<ImageSpec, "slot" | "slotIsStated">,
  files: readonly ImageFile[],
): [SlottedFile, ...SlottedFile[]] {
  const [only, ...more] = files;
  if (only === undefined) throw new FotaError("USAGE", "no image is given");
  if (more.length === 0) {
    const slot = only.slot ?? wanted;
    if (slot === undefined) {
      throw new FotaError("SLOT_INVALID", "no slot is given", {
        hint: "a raw image does not say which slot it is linked for: give --slot, such as --slot 1",
      });
    }
    if (slotIsStated && wanted !== undefined && wanted !== slot) throw otherSlot(only.name, slot, wanted);
    return [{ image: only, slot }];
  }
  const slotted = files.map((image) => {
    if (image.slot !== undefined) return { image, slot: image.slot };
    throw new FotaError(
      "SLOT_INVALID",
      `of several images each must say its slot, and ${image.name} does not`,
      {
        hint: "write 0=app.slot0.bin 1=app.slot1.bin",
      },
    );
  });
  const slots = slotted.map(({ slot }) => slot);
  if (new Set(slots).size < slots.length) {
    throw new FotaError("SLOT_INVALID", `each slot takes one image, got slots ${slots.join(", ")}`, {
      hint: "give each image the slot that it is linked for: 0=app.slot0.bin 1=app.slot1.bin",
    });
  }
  const first = slotted.find(({ slot }) => slot === (wanted ?? slots[0]));
  if (first === undefined) {
    throw new FotaError(
      "SLOT_INVALID",
      `--slot ${wanted} is none of the images' slots, ${slots.join(", ")}`,
      {
        hint: "--slot says which of them devices with the original library get",
      },
    );
  }
  return [first, ...slotted.filter((other) => other !== first)];
}
