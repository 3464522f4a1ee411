import type { JobDocument } from "@fota/shared";
import { mapAtOnce } from "../at-once.js";
import type { Cloud } from "../aws/cloud.js";
import { byObject } from "../aws/image-object.js";
import type { S3 } from "../aws/s3.js";
import { findUploaded } from "../aws/upload.js";
import type { ImageSpec } from "../image/image-spec.js";
import { objectKey } from "../job/document.js";
import { jobIdOf } from "../job/job-id.js";
import { newDocument, withFreshUrls } from "./document-urls.js";
import { findPatches } from "./find-patches.js";
import { NO_PATCHES, type PatchMaking, planPatches } from "./patches.js";
import type { Plan, PlannedImage } from "./plan.js";
import { planJob } from "./plan-job.js";
import { LOOKUPS_AT_ONCE } from "./plan-targets.js";
import type { PreparedPublish } from "./prepare.js";
import { findUnderOtherNames } from "./same-image.js";
import { slotsOfSigned } from "./signed-document.js";
import { type SlottedFile, slotsOf } from "./slots.js";

/**
 * Plans a publish of files; see `planJob` for the other errors. Without `making`, it makes no patches.
 * @throws {FotaError} SLOT_INVALID, DOCUMENT_DIFFERS, and the errors of `planPatches`
 */
export async function planPublish(
  { specs: { spec, imageSpec }, files, signing, olds }: PreparedPublish,
  cloud: Cloud,
  now: Date,
  making?: PatchMaking,
): Promise<Plan> {
  const { signed, signers = [], complete = (document: JobDocument) => document } = signing ?? {};
  const slots =
    signed === undefined
      ? slotsOf(imageSpec.slots, files)
      : slotsOfSigned(signed, { spec, slots: imageSpec.slots }, files);
  return await planJob(spec, cloud, now, {
    bucket: imageSpec.bucket,
    images: () => planImages(imageSpec, slots, cloud.s3, signed?.bc_version ?? spec.fwVersion),
    patches: async ({ things }) => {
      const isAsked = olds.files.length > 0 || olds.jobs.length > 0 || olds.isAuto;
      if (signed !== undefined && !isAsked) return await findPatches(signed, cloud.s3);
      return making === undefined
        ? NO_PATCHES
        : await planPatches({ files: slots, olds, things }, making, imageSpec, cloud);
    },
    document: async (source) =>
      complete(
        await (signed === undefined
          ? newDocument(source, cloud.s3)
          : withFreshUrls(signed, source, cloud.s3)),
      ),
    jobId: jobIdOf,
    signers,
    signAgain: "give --for to the command that signs",
  });
}

async function planImages(
  { bucket, prefix }: Pick<ImageSpec, "bucket" | "prefix">,
  [first, ...others]: readonly [SlottedFile, ...SlottedFile[]],
  s3: S3,
  version: string | undefined,
): Promise<[PlannedImage, ...PlannedImage[]]> {
  const placed = ({ image, slot }: SlottedFile) => ({
    image,
    slot,
    object: { bucket, key: objectKey(prefix, image) },
  });
  const objects = byObject([first, ...others].map(placed));
  const found = await mapAtOnce(objects, LOOKUPS_AT_ONCE, async ([{ object, image }]) => {
    const firmware = await findUploaded(s3, object, image);
    const uploadedAs =
      firmware !== undefined
        ? [firmware]
        : version === undefined
          ? []
          : await findUnderOtherNames(s3, object, image.sha256);
    return [object.key, { isThere: firmware !== undefined, uploadedAs }] as const;
  });
  const lookedUp = new Map(found);
  const plan = (file: SlottedFile): PlannedImage => {
    const planned = placed(file);
    return { ...planned, ...(lookedUp.get(planned.object.key) ?? { isThere: false }) };
  };
  return [plan(first), ...others.map(plan)];
}
