import { given } from "../given.js";
import type { ImageFile } from "../image/image-file.js";

/** Names the metadata key that holds the SHA-256, in hex, of an image that `fota publish` uploaded. */
export const IMAGE_MARK = "fota-image";
const VERSION_MARK = "fota-version";
const MODEL_MARK = "fota-model";

/** Says what an image is for. */
export interface Firmware {
  version?: string;
  model?: string;
}

/**
 * Returns the metadata of an uploaded image. `fota delete` removes only objects that have it; `fota publish` finds out
 * by it that another version has the same bytes.
 */
export function markOf(
  { sha256 }: Pick<ImageFile, "sha256">,
  { version, model }: Firmware = {},
): Record<string, string> {
  return {
    [IMAGE_MARK]: sha256,
    ...given({ [VERSION_MARK]: encoded(version), [MODEL_MARK]: encoded(model) }),
  };
}

/** Returns what the image was for when it was uploaded; empty for an upload of another tool, or of an older fota. */
export function firmwareOfMark(metadata: Readonly<Record<string, string>> | undefined): Firmware {
  return given({ version: decoded(metadata?.[VERSION_MARK]), model: decoded(metadata?.[MODEL_MARK]) });
}

/** Metadata travels in headers, which do not take every character of a model. */
function encoded(text: string | undefined): string | undefined {
  // By way of UTF-8: encodeURIComponent() throws for half of a surrogate pair, as of an emoji that was cut.
  return text && encodeURIComponent(Buffer.from(text).toString());
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return text; // another tool wrote it
  }
}
