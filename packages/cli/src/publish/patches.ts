import { join } from "node:path";
import { DELTAS_MAX, FotaError, isFotaError, messageOf } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import type { ImageObject } from "../aws/image-object.js";
import { hasImage } from "../aws/upload.js";
import type { Context } from "../context.js";
import { given } from "../given.js";
import { grouped } from "../grouped.js";
import { type ImageFile, readImageFile } from "../image/image-file.js";
import type { ImageSpec } from "../image/image-spec.js";
import { objectKey, plainName } from "../job/document.js";
import { makeDelta } from "../patches/make-delta.js";
import { uploadsInParts } from "../settings/settings.js";
import { byteCounter } from "../terminal/byte-counter.js";
import { fetchInstalled, type Looked } from "./fetch-installed.js";
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
  from: Pick<OldImage, "name" | "sizeBytes" | "sha256" | "things"> | undefined;
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
  /** Says what `--delta auto` looked at. */
  looked?: Looked | undefined;
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

/** What patches are made between, and for which things. */
interface PatchTask {
  files: readonly SlottedFile[];
  olds: OldImages;
  things: readonly string[];
}

/**
 * Makes a patch from each old image to each new one that a device can make with it, and compresses the new ones.
 * @throws {FotaError} USAGE for too many old images; FILE_ACCESS, IMAGE_CHANGED, INTERRUPTED, and the errors of
 * `fetchImagesOfJob`
 */
export async function planPatches(
  { files, olds: { files: oldFiles, jobs, isAuto }, things }: PatchTask,
  making: PatchMaking,
  { bucket, prefix }: Pick<ImageSpec, "bucket" | "prefix">,
  cloud: Cloud,
): Promise<PatchPlan> {
  if (oldFiles.length === 0 && jobs.length === 0 && !isAuto) return NO_PATCHES;
  const stated = [...oldFiles];
  for (const job of jobs) stated.push(...(await fetchImagesOfJob(cloud, job, making)));
  const found = isAuto ? await fetchInstalled(cloud, files, things, making) : undefined;
  const olds = withoutDuplicates([...stated, ...(found?.images ?? [])]);
  const pairs = grouped(files, ({ image }) => image.sha256).flatMap((group) => pairsOf(group, olds, isAuto));
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
  const unused = stated.filter(({ sha256 }) => !used.has(sha256));
  const isStated = ({ old }: Pair) => old === undefined || stated.some(({ sha256 }) => sha256 === old.sha256);
  const content = pairs
    .filter(isStated)
    .map(({ slots, image, old }) => [slots, image.sha256, old?.sha256 ?? null]);
  return {
    content: isAuto ? ["auto", ...content] : content,
    isStated: !isAuto,
    offered,
    tooLarge,
    looked: found?.looked,
    warnings: [...(found?.warnings ?? []), ...unused.map((old) => unusedText(old, files))],
  };
}

/** Returns the size of a patch in percent of its image. */
export function percentOf({ bytes, imageBytes }: Pick<PatchFacts, "bytes" | "imageBytes">): number {
  return (bytes / imageBytes) * 100;
}

/** Returns the bytes that the things with a known image do not download, if each uses the patch from its image. */
export function savedBytesOf(offered: readonly PatchFacts[]): number {
  const saved = new Map<string, number>();
  for (const { from, imageBytes, bytes } of offered) {
    if (from?.things === undefined) continue;
    saved.set(from.name, from.things * (imageBytes - bytes));
  }
  return [...saved.values()].reduce((sum, each) => sum + each, 0);
}

/** Holds a new image and an old one to make it from; `undefined`: the new one is compressed. */
interface Pair {
  image: ImageFile;
  slots: number[];
  old: OldImage | undefined;
}

/** Returns the pairs of one new image; with `isAuto`, leaves out what is too much. @throws {FotaError} USAGE */
function pairsOf(
  group: readonly [SlottedFile, ...SlottedFile[]],
  olds: readonly OldImage[],
  isAuto: boolean,
): Pair[] {
  const [{ image }] = group;
  const slots = group.map(({ slot }) => slot);
  const pairs: Pair[] = [];
  for (const old of olds.filter(({ sha256 }) => sha256 !== image.sha256)) {
    const useful = slots.filter((slot) => canMake(old, slot));
    const made = useful.filter(
      (slot) => pairs.filter((pair) => pair.slots.includes(slot)).length < DELTAS_MAX,
    );
    if (made.length < useful.length && !isAuto) throw tooMany(image);
    if (made.length > 0) pairs.push({ image, slots: made, old });
  }
  return [...pairs, { image, slots, old: undefined }];
}

function tooMany({ name }: ImageFile): FotaError {
  return new FotaError("USAGE", `a job offers patches from at most ${DELTAS_MAX} images to ${name}`, {
    hint: "leave out the images that the fewest things have: the compressed image is for those",
  });
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
    const things = same.find((old) => old.things !== undefined)?.things;
    const isForAny = same.some((old) => old.slots === undefined);
    return { ...same[0], ...given({ things }), slots: isForAny ? undefined : slots };
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
