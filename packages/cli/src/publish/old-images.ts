import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { FotaError, JOB_ID_PATTERN, VERSION_PATTERN } from "@fota/shared";
import { type ReadOptions, readImageFile } from "../image/image-file.js";
import { imageArguments } from "../image/image-spec.js";
import type { DeltaImage } from "../patches/make-delta.js";
import type { PublishRequest } from "./request.js";

/** An image that devices may have, to make a patch from. Its name is for people. */
export interface OldImage extends DeltaImage {
  /** The slots that devices run it from; `undefined`: any. */
  slots: readonly number[] | undefined;
  /** Number of target things that have it; `undefined` if that is unknown. */
  things?: number;
}

/** Says where the old images are. */
export interface OldImages {
  /** The images of files. */
  files: readonly OldImage[];
  /** Names jobs, by id or version, whose images are in S3. */
  jobs: readonly string[];
  /** True if the images that last succeeded on the target things are old images too. */
  isAuto: boolean;
}

/**
 * Reads the files of `--delta-from`; `0=old.bin` names the slot. What is no file but may be a job or a version is left
 * for later.
 * @throws {FotaError} USAGE; the errors of image files
 */
export async function readOldImages(
  { deltaFrom = [], delta }: Pick<PublishRequest, "deltaFrom" | "delta">,
  options: Omit<ReadOptions, "inParts">,
): Promise<OldImages> {
  const files: OldImage[] = [];
  const jobs: string[] = [];
  if (delta !== undefined && delta !== "auto") {
    throw new FotaError("USAGE", `--delta must be auto, got ${JSON.stringify(delta)}`, {
      hint: "name an image with --delta-from",
    });
  }
  for (const text of deltaFrom) {
    const [argument] = imageArguments([text]);
    if (argument === undefined) continue;
    const { path: name } = argument;
    if (mayBeJob(text) && !(await isFile(resolve(options.cwd, name)))) {
      jobs.push(text);
      continue;
    }
    const { sizeBytes, sha256, slot, open } = await readImageFile(argument, { ...options, inParts: false });
    files.push({ name, sizeBytes, sha256, open, slots: slot === undefined ? undefined : [slot] });
  }
  return { files, jobs, isAuto: delta !== undefined };
}

function mayBeJob(text: string): boolean {
  return JOB_ID_PATTERN.test(text) || VERSION_PATTERN.test(text);
}

/** Returns whether there is something other than a folder: builds often have a folder for each version. */
async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => !found.isDirectory(),
    () => false,
  );
}
