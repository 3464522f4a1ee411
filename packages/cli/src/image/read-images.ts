import type { ImageArgument } from "../job/job-spec.js";
import { type ImageFile, type ReadOptions, readImageFile } from "./image-file.js";

/** Reads all images of an order, one after the other: each pass keeps a core busy with its digests. */
export async function readImages(
  images: readonly ImageArgument[],
  options: ReadOptions,
): Promise<ImageFile[]> {
  const read: ImageFile[] = [];
  for (const image of images) read.push(await readImageFile(image, options));
  return read;
}
