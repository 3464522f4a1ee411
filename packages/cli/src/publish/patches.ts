import { join } from "node:path";
import { DELTAS_MAX, FotaError, isFotaError, messageOf } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import type { ImageObject } from "../aws/image-object.js";
import { hasImage } from "../aws/upload.js";
import type { Context } from "../context.js";
import { grouped } from "../grouped.js";
import { type ImageFile, readImageFile } from "../image/image-file.js";
import type { ImageSpec } from "../image/image-spec.js";
import { objectKey, plainName } from "../job/document.js";
import { makeDelta } from "../patches/make-delta.js";
import { uploadsInParts } from "../settings/settings.js";
import { byteCounter } from "../terminal/byte-counter.js";
import { type Fetching, fetchImagesOfJob } from "./images-of-job.js";
import type { OldImage, OldImages } from "./old-images.js";
import type { SlottedFile } from "./slots.js";

/** A larger patch saves too little: a device that cannot use it downloads the whole image after it. */
export const OFFERED_PERCENT_MAX = 50;

/** A patch, or the compressed image, that makes an image. */
export interface PatchFacts {
  /** The slots of the image that it makes. */
  slots: readonly number[];
  /** The size of that image. */
  imageBytes: number;
  /** The image that a device must have; `undefined` for the compressed image. */
  from: Pick<OldImage, "name" | "sizeBytes" | "sha256"> | undefined;
  bytes: number;
}

/** A patch that the job document offers. If S3 has it already, its facts are enough. */
export type PlannedPatch = PatchFacts & { object: ImageObject } & (
    | { image: ImageFile; isThere: boolean }
    | { image: Pick<ImageFile, "name" | "sizeBytes" | "sha256">; isThere: true }
  );

export interface PatchPlan {
  /** Says what of the patches makes a job another one. */
  content: readonly unknown[];
  /** True if the user named the old images. */
  isStated: boolean;
  offered: readonly PlannedPatch[];
  /** Patches that are too large. */
  tooLarge: readonly PatchFacts[];
  warnings: readonly string[];
}

export const NO_PATCHES: PatchPlan = {
  content: [],
  isStated: true,
  offered: [],
  tooLarge: [],
  warnings: [],
};

/** How the patches of a publish are made; the folder stays until they are uploaded. */
export interface PatchMaking extends Fetching {
  context: Context;
}

/**
 * Makes a patch from each old image to each new one that a device can make with it, and compresses the new ones.
 * @throws {FotaError} USAGE for too many old images; FILE_ACCESS, IMAGE_CHANGED, INTERRUPTED, and the errors of
 * `fetchImagesOfJob`
 */
export async function planPatches(
  files: readonly SlottedFile[],
  { files: oldFiles, jobs }: OldImages,
  making: PatchMaking,
  { bucket, prefix }: Pick<ImageSpec, "bucket" | "prefix">,
  cloud: Cloud,
): Promise<PatchPlan> {
  if (oldFiles.length === 0 && jobs.length === 0) return NO_PATCHES;
  const fetched: OldImage[] = [];
  for (const job of jobs) fetched.push(...(await fetchImagesOfJob(cloud, job, making)));
  const olds = withoutDuplicates([...oldFiles, ...fetched]);
  const pairs = grouped(files, ({ image }) => image.sha256).flatMap((group) => pairsOf(group, olds));
  const offered: PlannedPatch[] = [];
  const tooLarge: PatchFacts[] = [];
  for (const pair of pairs) {
    const { facts, path } = await makePatch(pair, making);
    if (percentOf(facts) > OFFERED_PERCENT_MAX) {
      tooLarge.push(facts);
      continue;
    }
    const { host, settings } = making.context;
    const inParts = uploadsInParts(settings);
    const options = { cwd: ".", signal: host.signal, inParts, onBytes: () => undefined };
    const image = await readImageFile({ path, slot: undefined }, options);
    const object = { bucket, key: objectKey(prefix, image) };
    offered.push({ ...facts, image, object, isThere: await hasImage(cloud.s3, object, image) });
  }
  const used = new Set(pairs.map(({ old }) => old?.sha256));
  const warnings = olds.filter(({ sha256 }) => !used.has(sha256)).map((old) => unusedText(old, files));
  const content = pairs.map(({ slots, image, old }) => [slots, image.sha256, old?.sha256 ?? null]);
  return { content, isStated: true, offered, tooLarge, warnings };
}

/** Returns the size of a patch in percent of its image. */
export function percentOf({ bytes, imageBytes }: Pick<PatchFacts, "bytes" | "imageBytes">): number {
  return (bytes / imageBytes) * 100;
}

/** Holds a new image and an old one to make it from; `undefined`: the new one is compressed. */
interface Pair {
  image: ImageFile;
  slots: number[];
  old: OldImage | undefined;
}

function pairsOf(group: readonly [SlottedFile, ...SlottedFile[]], olds: readonly OldImage[]): Pair[] {
  const [{ image }] = group;
  const slots = group.map(({ slot }) => slot);
  const fromOlds = olds.flatMap((old): Pair[] => {
    const made = slots.filter((slot) => old.sha256 !== image.sha256 && canMake(old, slot));
    return made.length === 0 ? [] : [{ image, slots: made, old }];
  });
  if (fromOlds.length > DELTAS_MAX) {
    throw new FotaError(
      "USAGE",
      `a job offers patches from at most ${DELTAS_MAX} images, got ${fromOlds.length} for ${image.name}`,
      { hint: "leave out the images that the fewest things have: the compressed image is for those" },
    );
  }
  return [...fromOlds, { image, slots, old: undefined }];
}

/** Returns whether a device that runs `old` writes `slot`: it never writes the slot that it runs from. */
function canMake({ slots }: OldImage, slot: number): boolean {
  return slots === undefined || slots.some((runs) => runs !== slot);
}

function unusedText({ name, sha256, slots = [] }: OldImage, files: readonly SlottedFile[]): string {
  return files.some(({ image }) => image.sha256 === sha256)
    ? `no patch from ${name}: it is the image to publish`
    : `no patch from ${name}: devices that run it from slot ${slots.join(", ")} need an image for another slot`;
}

/** Joins old images with the same content. */
function withoutDuplicates(olds: readonly OldImage[]): OldImage[] {
  return grouped(olds, ({ sha256 }) => sha256).map((same) => {
    const slots = same.flatMap((old) => old.slots ?? []);
    return { ...same[0], slots: same.some((old) => old.slots === undefined) ? undefined : slots };
  });
}

async function makePatch({ image, slots, old }: Pair, { context, folder, progress }: PatchMaking) {
  const what = old === undefined ? `compressing ${image.name}` : `making the patch from ${old.name}`;
  const end = old === undefined ? "compressed" : `from-${old.sha256.slice(0, 12)}.patch`;
  const path = join(
    await folder(),
    `${plainName(image.name).slice(0, 96)}.${image.sha256.slice(0, 4)}.${end}`,
  );
  progress(what);
  const onBytes = byteCounter(progress, what, image.sizeBytes);
  const { signal } = context.host;
  const made = await makeDelta({ old, image, path, signal, onBytes }).catch((cause: unknown) => {
    if (isFotaError(cause)) throw cause;
    throw new FotaError("FILE_ACCESS", `cannot make a patch: ${messageOf(cause)}`, {
      hint: "check that the images can be read, and that the disk of TMPDIR has free space",
      cause,
    });
  });
  const facts: PatchFacts = { slots, imageBytes: image.sizeBytes, from: old, bytes: made.patchBytes };
  return { facts, path };
}
