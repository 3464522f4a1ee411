import { isFotaDocument, isFotaError, LIST_PAGE_MAX } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { type Execution, listExecutions } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { getJobDocument, listJobs } from "../aws/jobs.js";
import { given } from "../given.js";
import type { FleetThing } from "./result.js";

/** Limits how far back versions are looked for: each job takes a request, and one more for every 250 of its things. */
export const JOBS_READ_MAX = 100;

/** What the newest firmware jobs tell about things. */
export interface JobFacts {
  /** By thing name. */
  things: Map<string, FactsOfThing>;
  /** Number of firmware jobs whose executions were read. */
  jobsRead: number;
  /** True if there are older jobs that were not read. */
  more: boolean;
}

export interface FactsOfThing {
  /** The firmware of the last job that succeeded, and when it did. */
  installed?: { firmware: Firmware; at: string | undefined };
  lastJob?: FleetThing["lastJob"];
  /** When the device last reported on a job. */
  seenAt?: string;
}

/** The firmware that a job installs, as its document says. */
interface Firmware {
  jobId: string;
  version: string | undefined;
  model: string | undefined;
  sha256: string | undefined;
}

interface ReadingPorts {
  onProgress(text: string): void;
}

/**
 * Reads the newest firmware jobs with their executions. A thing runs the version of the last job that succeeded on it;
 * what was installed in another way stays unknown.
 */
export async function readJobFacts(
  iot: Iot,
  { onProgress }: ReadingPorts,
  jobsMax = JOBS_READ_MAX,
): Promise<JobFacts> {
  const { jobIds, more } = await newestJobIds(iot, jobsMax);
  const found = await mapAtOnce(jobIds, REQUESTS_AT_ONCE, (jobId) => firmwareOf(iot, jobId));
  const jobs = found.filter((firmware) => firmware !== undefined);
  const things = new Map<string, FactsOfThing>();
  let read = 0;
  let jobsRead = 0;
  await mapAtOnce(jobs, REQUESTS_AT_ONCE, async (firmware) => {
    for await (const execution of executionsIfThere(iot, firmware.jobId)) {
      things.set(execution.thing, withExecution(things.get(execution.thing) ?? {}, execution, firmware));
      read += 1;
      if (read % LIST_PAGE_MAX === 0)
        onProgress(`${jobsRead} of ${jobs.length} jobs, ${read} executions read`);
    }
    jobsRead += 1;
    onProgress(`${jobsRead} of ${jobs.length} jobs, ${read} executions read`);
  });
  return { things, jobsRead: jobs.length, more };
}

/** The statuses that a device reports. AWS IoT itself sets the others. */
const BY_DEVICE: ReadonlySet<string> = new Set(["IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED"]);

/** Adds what one execution tells to what is known of its thing; the order of executions does not matter. */
export function withExecution(known: FactsOfThing, execution: Execution, firmware: Firmware): FactsOfThing {
  const { status, lastUpdatedAt, queuedAt } = execution;
  const at = (lastUpdatedAt ?? queuedAt)?.toISOString();
  const isNewer = (than: { at?: string | undefined } | undefined) => (at ?? "") >= (than?.at ?? "");
  return {
    ...known,
    ...(isNewer(known.lastJob) && { lastJob: { jobId: firmware.jobId, status, ...given({ at }) } }),
    ...(BY_DEVICE.has(status) && at !== undefined && at > (known.seenAt ?? "") && { seenAt: at }),
    ...(status === "SUCCEEDED" && isNewer(known.installed) && { installed: { firmware, at } }),
  };
}

/** Returns a thing as the jobs tell it. */
export function thingOfFacts(
  thingName: string,
  { installed, lastJob, seenAt }: FactsOfThing = {},
): FleetThing {
  const firmware = installed?.firmware;
  return {
    thingName,
    ...given({
      version: firmware?.version,
      model: firmware?.model,
      imageSha256: firmware?.sha256,
      reportedAt: installed?.at,
      lastSeen: seenAt,
      lastJob,
    }),
  };
}

async function newestJobIds(iot: Iot, jobsMax: number): Promise<{ jobIds: string[]; more: boolean }> {
  const jobIds: string[] = [];
  for await (const { jobId } of listJobs(iot)) {
    if (jobIds.length === jobsMax) return { jobIds, more: true };
    jobIds.push(jobId);
  }
  return { jobIds, more: false };
}

/** Returns what a job installs; `undefined` if it is of another kind or was deleted meanwhile. */
export async function firmwareOf(iot: Iot, jobId: string): Promise<Firmware | undefined> {
  const text = await getJobDocument(iot, jobId).catch(undefinedIfDeleted);
  const document = text === undefined ? undefined : parse(text);
  if (!isFotaDocument(document)) return undefined;
  // Read leniently: a device may have taken what this version of fota would refuse.
  const textIn = (key: string) => {
    const value = (document as Record<string, unknown>)[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return { jobId, version: textIn("bc_version"), model: textIn("bc_model"), sha256: textIn("bc_sha256") };
}

async function* executionsIfThere(iot: Iot, jobId: string): AsyncGenerator<Execution> {
  try {
    yield* listExecutions(iot, jobId);
  } catch (error) {
    undefinedIfDeleted(error);
  }
}

function undefinedIfDeleted(error: unknown): undefined {
  if (isFotaError(error, "JOB_NOT_FOUND")) return undefined;
  throw error;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
