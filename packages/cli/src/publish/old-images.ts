import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { JOB_ID_PATTERN, VERSION_PATTERN } from "@fota/shared";
import { type ReadOptions, readImageFile } from "../image/image-file.js";
import { imageArguments } from "../image/image-spec.js";
import type { DeltaImage } from "../patches/make-delta.js";

/** An image that devices may have, to make a patch from. Its name is for people. */
export interface OldImage extends DeltaImage {
  /** The slots that devices run it from; `undefined`: any. */
  slots: readonly number[] | undefined;
}

/** Says where the old images are. */
export interface OldImages {
  /** The images of files. */
  files: readonly OldImage[];
  /** Names jobs, by id or version, whose images are in S3. */
  jobs: readonly string[];
}

/**
 * Reads the files of `--delta-from`; `0=old.bin` names the slot. What is no file but may be a job or a version is left
 * for later.
 * @throws {FotaError} the errors of image files
 */
export async function readOldImages(
  texts: readonly string[],
  options: Omit<ReadOptions, "inParts">,
): Promise<OldImages> {
  const files: OldImage[] = [];
  const jobs: string[] = [];
  for (const text of texts) {
    const [argument] = imageArguments([text]);
    if (argument === undefined) continue;
    const { path: name } = argument;
    if (mayBeJob(text) && !(await exists(resolve(options.cwd, name)))) {
      jobs.push(text);
      continue;
    }
    const { sizeBytes, sha256, slot, open } = await readImageFile(argument, { ...options, inParts: false });
    files.push({ name, sizeBytes, sha256, open, slots: slot === undefined ? undefined : [slot] });
  }
  return { files, jobs };
}

function mayBeJob(text: string): boolean {
  return JOB_ID_PATTERN.test(text) || VERSION_PATTERN.test(text);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
