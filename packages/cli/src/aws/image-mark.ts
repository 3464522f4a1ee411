import type { ImageFile } from "../image/image-file.js";

/** Key of the metadata that says which image `fota publish` uploaded, by its SHA-256 in hex. */
export const IMAGE_MARK = "fota-image";

/** Metadata of every image that is uploaded: the deletion of a job removes nothing else. */
export function markOf({ sha256 }: Pick<ImageFile, "sha256">): Record<string, string> {
  return { [IMAGE_MARK]: sha256 };
}
