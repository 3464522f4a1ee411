import { type ImageFile, type ReadOptions, readImageFile } from "../image/image-file.js";
import { imageArguments } from "../image/image-spec.js";
import type { DeltaImage } from "../patches/make-delta.js";

/** An image that devices may have, to make a patch from. Its name is the one that the user gave. */
export interface OldImage extends DeltaImage {
  /** The slots that devices run it from; `undefined`: any. */
  slots: readonly number[] | undefined;
}

/** Reads the files of `--delta-from`; `0=old.bin` names the slot. @throws {FotaError} the errors of image files */
export async function readOldImages(
  texts: readonly string[],
  options: Omit<ReadOptions, "inParts">,
): Promise<OldImage[]> {
  const read: OldImage[] = [];
  for (const argument of texts.length === 0 ? [] : imageArguments(texts)) {
    const file = await readImageFile(argument, { ...options, inParts: false });
    read.push(oldImageOf(file, argument.path));
  }
  return read;
}

function oldImageOf({ sizeBytes, sha256, slot, open }: ImageFile, name: string): OldImage {
  return { name, sizeBytes, sha256, open, slots: slot === undefined ? undefined : [slot] };
}
