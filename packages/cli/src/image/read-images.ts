import type { ImageArgument } from "./image-argument.js";
import { type ImageFile, type ReadOptions, readImageFile } from "./image-file.js";

/** Reads all images of a publish, one after the other: each pass keeps a core busy with its digests. */
export async function readImages(
  images: readonly ImageArgument[],
  options: ReadOptions,
): Promise<ImageFile[]> {
  const read: ImageFile[] = [];
  for (const image of images) read.push(await readImageFile(image, options));
  return read;
}
