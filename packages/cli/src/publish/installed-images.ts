import { imagesOf, isFotaError, LIST_PAGE_MAX } from "@fota/shared";
import { listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { getJobDocument, listJobs } from "../aws/jobs.js";
import { decodeDocument } from "../job/read-job.js";
import type { Progress } from "../terminal/output.js";

/** Each job takes two requests, and AWS allows ten a second. */
const JOBS_READ_MAX = 20;
/** Limits the requests for jobs with many things to 40. */
const EXECUTIONS_READ_MAX = 40 * LIST_PAGE_MAX;

/** A job whose images the last update of some things installed. */
interface InstallingJob {
  jobId: string;
  version: string | undefined;
  /** The images of the job, each as its MD5 and size. */
  digests: string[];
  /** Number of things. */
  things: number;
}

/** What jobs tell about the images that things have. */
export interface InstalledImages {
  /** One job for each image, that of the most things first. */
  jobs: InstallingJob[];
  jobsRead: number;
  /** True if older jobs, or some things of large jobs, were not read. */
  more: boolean;
}

/** Finds what the newest jobs last installed on things. What was installed in another way stays unknown. */
export async function findInstalledImages(
  iot: Iot,
  things: readonly string[],
  progress: Progress,
): Promise<InstalledImages> {
  const wanted = new Set(things);
  const installed = new Map<string, { image: string; atMs: number }>();
  const jobOfImage = new Map<string, Omit<InstallingJob, "things">>();
  let jobsRead = 0;
  let executionsRead = 0;
  let more = false;
  for await (const { jobId } of listJobs(iot)) {
    more = jobsRead === JOBS_READ_MAX || executionsRead === EXECUTIONS_READ_MAX;
    if (more) break;
    progress(`looking for the images that the things have: ${jobsRead++} jobs read`);
    const job = await readFirmware(iot, jobId);
    if (job === undefined) continue;
    const image = job.digests.join();
    for await (const { thing, lastUpdatedAt } of listExecutions(iot, jobId, "SUCCEEDED")) {
      if (executionsRead === EXECUTIONS_READ_MAX) break;
      executionsRead += 1;
      const atMs = lastUpdatedAt?.getTime() ?? 0;
      if (!wanted.has(thing) || (installed.get(thing)?.atMs ?? -1) >= atMs) continue;
      installed.set(thing, { image, atMs });
      if (!jobOfImage.has(image)) jobOfImage.set(image, job);
    }
  }
  const jobs = [...jobOfImage].map(([image, job]) => ({
    ...job,
    things: [...installed.values()].filter((each) => each.image === image).length,
  }));
  const withThings = jobs.filter((job) => job.things > 0).sort((a, b) => b.things - a.things);
  return { jobs: withThings, jobsRead, more };
}

/** Returns what a job installs; `undefined` if it is of another kind or was deleted meanwhile. */
async function readFirmware(iot: Iot, jobId: string): Promise<Omit<InstallingJob, "things"> | undefined> {
  const text = await getJobDocument(iot, jobId).catch((error: unknown) => {
    if (isFotaError(error, "JOB_NOT_FOUND")) return "";
    throw error;
  });
  const decoded = decodeDocument(text);
  if (decoded.kind !== "order") return undefined;
  const digests = imagesOf(decoded.document).map(({ bc_crc, bc_size }) => `${bc_crc} ${bc_size}`);
  return { jobId, version: decoded.document.bc_version, digests: [...new Set(digests)].sort() };
}
