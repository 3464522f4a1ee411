import { join } from "node:path";
import { type DocumentImage, FotaError, imagesOf } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { downloadObject } from "../aws/download.js";
import { addressOf } from "../aws/image-object.js";
import type { Context } from "../context.js";
import { onJob } from "../find-job/on-job.js";
import { grouped } from "../grouped.js";
import { readImageFile } from "../image/image-file.js";
import { readJobWithDocument } from "../job/read-job.js";
import { checkObject } from "../job/stored-image.js";
import { byteCounter } from "../terminal/byte-counter.js";
import type { Progress } from "../terminal/output.js";
import type { OldImage } from "./old-images.js";

/** Where old images are downloaded to, and how people see it. */
export interface Fetching {
  context: Pick<Context, "host" | "output">;
  /** Returns the folder for files that this publish needs until it ends. */
  folder(): Promise<string>;
  progress: Progress;
}

/**
 * Downloads the images of a job, named by its id or version, and checks their digests.
 * @throws {FotaError} JOB_NOT_FOUND, DOCUMENT_INVALID, IMAGE_NOT_FOUND, IMAGE_CHANGED, ACCESS_DENIED
 */
export async function fetchImagesOfJob(cloud: Cloud, text: string, fetching: Fetching): Promise<OldImage[]> {
  const { job, decoded } = await onJob(fetching.context, cloud.iot, text, (jobId) =>
    readJobWithDocument(cloud.iot, jobId),
  );
  const { jobId } = job;
  if (decoded.kind !== "order") {
    const why = decoded.kind === "invalid" ? decoded.fault : "its document is of another kind";
    throw new FotaError("DOCUMENT_INVALID", `job ${jobId} has no image for a patch: ${why}`, {
      hint: { text: "run <command> to see it", command: ["show", jobId] },
    });
  }
  const same = grouped(imagesOf(decoded.document), ({ bc_crc, bc_size }) => `${bc_crc} ${bc_size}`);
  const images: OldImage[] = [];
  for (const group of same) images.push(await fetchImage(cloud, { jobId, text, group }, fetching));
  return images;
}

async function fetchImage(
  cloud: Cloud,
  { jobId, text, group }: { jobId: string; text: string; group: [DocumentImage, ...DocumentImage[]] },
  { context, folder, progress }: Fetching,
): Promise<OldImage> {
  const [image] = group;
  const object = await objectOf(image, jobId, cloud);
  const what = `downloading the image of ${jobId}`;
  progress(what);
  const path = join(await folder(), `${image.bc_crc}.old`);
  const onBytes = byteCounter(progress, what, image.bc_size);
  await downloadObject(cloud.s3, object, { path, maxBytes: image.bc_size, onBytes });
  const { signal } = context.host;
  const options = { cwd: ".", signal, inParts: false, onBytes: () => undefined };
  const { sizeBytes, md5, sha256, open } = await readImageFile({ path, slot: undefined }, options);
  if (sizeBytes !== image.bc_size || md5 !== image.bc_crc || sha256 !== (image.bc_sha256 ?? sha256)) {
    throw unusable("IMAGE_CHANGED", jobId, `${addressOf(object)} has other digests than its document says`);
  }
  return { name: text, sizeBytes, sha256, open, slots: group.map(({ bc_idx }) => bc_idx) };
}

async function objectOf(image: DocumentImage, jobId: string, { s3 }: Cloud) {
  const { object, state, because = "" } = await checkObject(image, s3);
  if (object === undefined) throw unusable("IMAGE_NOT_FOUND", jobId, because);
  switch (state) {
    case "missing":
      throw unusable("IMAGE_NOT_FOUND", jobId, `${addressOf(object)} no longer exists`);
    case "differs":
      throw unusable("IMAGE_CHANGED", jobId, `${addressOf(object)} is another object: ${because}`);
    case "unknown":
      throw unusable("ACCESS_DENIED", jobId, `${addressOf(object)} cannot be read: ${because}`);
    case "matches":
    case "unverified":
      return object;
  }
}

function unusable(
  code: "IMAGE_NOT_FOUND" | "IMAGE_CHANGED" | "ACCESS_DENIED",
  jobId: string,
  why: string,
): FotaError {
  return new FotaError(code, `the image of job ${jobId} cannot be used for a patch: ${why}`, {
    hint: "give the file of that image to --delta-from, or leave it out",
  });
}
