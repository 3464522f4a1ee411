import { FotaError } from "@fota/shared";
import { type ImageFile, otherSlot } from "../image/image-file.js";
import { type SlotChoice, slotsOfRawImage } from "../image/slot-choice.js";

export interface SlottedFile {
  image: ImageFile;
  slot: number;
}

/**
 * Returns each slot with its image, the one of the legacy keys first. A single image that names its slot needs no
 * option; an option that is given must not disagree. A raw image that is the same for every slot appears once for each.
 * @throws {FotaError} SLOT_INVALID
 */
export function slotsOf(choice: SlotChoice, files: readonly ImageFile[]): [SlottedFile, ...SlottedFile[]] {
  const [only, ...more] = files;
  if (only === undefined) throw new FotaError("USAGE", "no image is given");
  return more.length === 0 ? slotsOfOne(choice, only) : slotsOfSeveral(choice, files);
}

function slotsOfOne(choice: SlotChoice, image: ImageFile): [SlottedFile, ...SlottedFile[]] {
  if (image.slot !== undefined) {
    if (choice.isStated) checkAgrees(choice, image.name, image.slot);
    return [{ image, slot: image.slot }];
  }
  const [first, ...others] = slotsOfRawImage(choice).map((slot) => ({ image, slot }));
  if (first !== undefined) return [first, ...others];
  throw new FotaError("SLOT_INVALID", "no slot is given", {
    hint: "a raw image does not say its slot: give --slot 1 if it is linked for slot 1, or --slot any if it is the same for every slot",
  });
}

function checkAgrees({ slot: wanted, any }: SlotChoice, name: string, slot: number): void {
  if (any !== undefined) {
    throw new FotaError("SLOT_INVALID", `${name} is linked for slot ${slot}, not for any slot`, {
      hint: "leave --slot out: the image says its slot; --slot any is for a raw image that is the same for every slot",
    });
  }
  if (wanted !== undefined && wanted !== slot) throw otherSlot(name, slot, wanted);
}

function slotsOfSeveral(
  { slot: wanted, any, isStated }: SlotChoice,
  files: readonly ImageFile[],
): [SlottedFile, ...SlottedFile[]] {
  if (any !== undefined && isStated) {
    throw new FotaError("SLOT_INVALID", `--slot any takes one image, got ${files.length}`, {
      hint: "give the one that is the same for every slot, or leave --slot out and give each its slot: 0=a.bin 1=b.bin",
    });
  }
  const slotted = files.map((image) => {
    if (image.slot !== undefined) return { image, slot: image.slot };
    throw new FotaError(
      "SLOT_INVALID",
      `with several images, each needs a slot, and ${image.name} has none`,
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
      `no image is for --slot ${wanted}; the images are for slots ${slots.join(", ")}`,
      {
        hint: "set --slot to one of them: devices with the original library get that image",
      },
    );
  }
  return [first, ...slotted.filter((other) => other !== first)];
}
