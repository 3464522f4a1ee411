import { DELTAS_MAX, isFotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { type Fetching, fetchImagesOfJob } from "./images-of-job.js";
import { findInstalledImages } from "./installed-images.js";
import type { OldImage } from "./old-images.js";
import type { SlottedFile } from "./slots.js";

/** Says how complete the knowledge about the things is. */
export interface Looked {
  jobsRead: number;
  /** True if older jobs, or some things of large jobs, were not read. */
  more: boolean;
  /** Number of the target things whose image is known. */
  known: number;
  /** Number of the target things. */
  things: number;
}

/** Holds the images that last succeeded on things. */
interface FetchedImages {
  images: OldImage[];
  looked: Looked;
  /** Names the jobs whose images cannot be used. */
  warnings: string[];
}

/** Downloads up to four images that last succeeded on the things, those of the most things first. */
export async function fetchInstalled(
  cloud: Cloud,
  files: readonly SlottedFile[],
  things: readonly string[],
  fetching: Fetching,
): Promise<FetchedImages> {
  const { jobs, jobsRead, more } = await findInstalledImages(cloud.iot, things, fetching.progress);
  const known = jobs.reduce((sum, job) => sum + job.things, 0);
  const images: OldImage[] = [];
  const warnings: string[] = [];
  let used = 0;
  const newImages = new Set(files.map(({ image }) => `${image.md5} ${image.sizeBytes}`));
  /** How many images have each version: a build may be repeated under the same one. */
  const versions = new Map<string, number>();
  for (const { version = "" } of jobs) versions.set(version, (versions.get(version) ?? 0) + 1);
  for (const { jobId, version, digests, things: count } of jobs) {
    if (used === DELTAS_MAX) break;
    if (digests.every((digest) => newImages.has(digest))) continue; // these things are up to date
    try {
      const found = await fetchImagesOfJob(cloud, jobId, fetching);
      const name = version !== undefined && versions.get(version) === 1 ? version : jobId;
      images.push(...found.map((old) => ({ ...old, name, things: count })));
      used += 1;
    } catch (error) {
      if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
      warnings.push(
        `no patch for ${count === 1 ? "the thing" : `the ${count} things`} with the image of job ${jobId}: ${error.message}`,
      );
    }
  }
  return { images, looked: { jobsRead, more, known, things: things.length }, warnings };
}
