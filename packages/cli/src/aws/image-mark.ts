import type { ImageFile } from "../image/image-file.js";

/** Names the metadata key that holds the SHA-256, in hex, of an image that `fota publish` uploaded. */
export const IMAGE_MARK = "fota-image";

/** Returns the metadata of an uploaded image. `fota delete` removes only objects that have it. */
export function markOf({ sha256 }: Pick<ImageFile, "sha256">): Record<string, string> {
  return { [IMAGE_MARK]: sha256 };
}
