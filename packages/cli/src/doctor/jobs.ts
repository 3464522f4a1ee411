import { FotaError, type JobDocument, PENDING_EXECUTIONS_SHOWN_MAX, PRESIGN_MAX_SECONDS } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { listPendingJobIds } from "../aws/executions.js";
import { searchThings } from "../aws/fleet-index.js";
import { presignImage } from "../aws/images.js";
import type { Iot } from "../aws/iot.js";
import { listJobs } from "../aws/jobs.js";
import type { S3 } from "../aws/s3.js";
import { targetArn } from "../aws/target-arn.js";
import { listThingsInGroup } from "../aws/thing-groups.js";
import { jobDocumentOf, objectKey, presignPlaceholder } from "../job/document.js";
import type { JobSpec } from "../job/job-spec.js";
import { checkLegacy } from "../job/legacy-devices.js";
import { checkRegions, type Target } from "../job/targets.js";
import { ok, type Verdict, warn } from "./verdict.js";

/**
 * AWS General Reference, AWS IoT Device Management quotas: jobs that roll out at once, and jobs that have not ended.
 */
const CONCURRENT_JOBS_MAX = 500;
const ACTIVE_JOBS_MAX = 100_000;
/** The count stops after four pages: counting on takes longer than it helps. */
const COUNTED_MAX = 1_000;
/** Has the form of the ids that publish makes. */
export const PROBE_JOB_ID = "fota-0-0-0-0000000000";

export async function checkJobQuota(iot: Iot): Promise<Verdict> {
  let count = 0;
  for await (const _job of listJobs(iot, { status: "IN_PROGRESS" })) {
    count += 1;
    if (count >= COUNTED_MAX) break;
  }
  const limits = `AWS allows ${CONCURRENT_JOBS_MAX} rollouts at a time and ${ACTIVE_JOBS_MAX.toLocaleString("en-US")} unfinished jobs`;
  const counted = `${count === COUNTED_MAX ? `${count} or more` : count} ${count === 1 ? "job" : "jobs"} in progress`;
  if (count < CONCURRENT_JOBS_MAX) return ok(`${counted}; ${limits}`);
  return warn(
    `${counted}; ${limits}`,
    "cancel or delete jobs that are no longer needed: new rollouts may have to wait",
  );
}

/** Checks that a target exists. @throws {FotaError} THING_NOT_FOUND, GROUP_NOT_FOUND, TARGET_INVALID */
export async function checkTarget(iot: Iot, target: Target, region: string): Promise<Verdict> {
  checkRegions([target], region);
  const { kind, name, query, arn: given } = target;
  if (query !== undefined) return await checkQuery(iot, query);
  const arn = await targetArn(iot, target);
  if (given !== undefined && given !== arn) {
    throw new FotaError("TARGET_INVALID", `it is not in this account, where its name is ${arn}`, {
      hint: "use credentials of the target's account (--profile)",
    });
  }
  return kind === "thing" ? await checkThing(iot, name) : await checkGroup(iot, name);
}

async function checkQuery(iot: Iot, query: string): Promise<Verdict> {
  let count = 0;
  for await (const _thing of searchThings(iot, query)) {
    count += 1;
    if (count === COUNTED_MAX) break;
  }
  if (count === 0) return warn("finds no thing", "check the query; `fota fleet` shows what devices report");
  return ok(
    `finds ${count === COUNTED_MAX ? `${COUNTED_MAX} or more` : count} ${count === 1 ? "thing" : "things"}`,
  );
}

async function checkThing(iot: Iot, name: string): Promise<Verdict> {
  const jobs = await listPendingJobIds(iot, name);
  if (jobs.length === 0) return ok("exists; no job is pending on it");
  const [first = ""] = jobs;
  const waits = `exists; ${jobs.length} ${jobs.length === 1 ? "job is" : "jobs are"} pending on it, ${first} first`;
  if (jobs.length >= PENDING_EXECUTIONS_SHOWN_MAX) {
    return warn(
      `${waits}; AWS IoT lists only the first ${PENDING_EXECUTIONS_SHOWN_MAX} to the device, which does not see a new one`,
      {
        text: "cancel the jobs that nothing on the device handles: run <command>",
        command: ["cancel", first, "--thing", name],
      },
    );
  }
  return warn(waits, {
    text: "run <command> to see the first; the device gets a new job after them",
    command: ["status", first, "--thing", name],
  });
}

async function checkGroup(iot: Iot, name: string): Promise<Verdict> {
  const members = await thingsIn(iot, name, COUNTED_MAX);
  if (members.length > 0) {
    const count = members.length === COUNTED_MAX ? `${COUNTED_MAX} or more` : members.length;
    return ok(`exists, with ${count} ${count === 1 ? "thing" : "things"}`);
  }
  return warn(
    "exists, but is empty",
    "add things to it, or publish with --continuous for those that join later",
  );
}

async function thingsIn(iot: Iot, group: string, max: number): Promise<string[]> {
  const things: string[] = [];
  for await (const thing of listThingsInGroup(iot, group)) {
    things.push(thing);
    if (things.length === max) break;
  }
  return things;
}

/** Limits the things whose pending jobs are read: each takes two of the ten requests that AWS allows per second. */
const LEGACY_THINGS_MAX = 25;

/** Says where an image would be stored, and for which slots; without slots, slot 0 is the example. */
interface SamplePlace {
  bucket: string;
  prefix: string;
  slots: readonly number[];
  region: string;
}

/** Checks that devices with the original library can process what publish sends. @throws {FotaError} LEGACY_UNSAFE */
export async function checkLegacyTraps(
  { iot, s3 }: Pick<Cloud, "iot" | "s3">,
  spec: JobSpec,
  place: SamplePlace,
): Promise<Verdict> {
  const document = await sampleDocument(s3, spec, place);
  const things: string[] = [];
  for (const { kind, name } of spec.targets) {
    things.push(...(kind === "thing" ? [name] : await thingsIn(iot, name, LEGACY_THINGS_MAX)));
  }
  const notes = await checkLegacy(iot, PROBE_JOB_ID, document, things.slice(0, LEGACY_THINGS_MAX));
  if (spec.presign.by === "cli") return ok(`no obstacle found; but ${notes.join("; ")}`);
  return warn(
    "AWS IoT presigns with a session token, and the original library cuts a request line at 2048 bytes",
    "publish to one device first, or use --presign cli with the key of an IAM user",
  );
}

/** Makes a document as publish would, for an image whose name has a typical length. */
async function sampleDocument(
  s3: S3,
  spec: JobSpec,
  { bucket, prefix, slots: [first = 0, ...others], region }: SamplePlace,
): Promise<JobDocument> {
  const image = { name: "firmware.bin", sizeBytes: 1, md5: "0".repeat(32), sha256: "0".repeat(64) };
  const object = { bucket, key: objectKey(prefix, image) };
  const url =
    spec.presign.by === "iot"
      ? presignPlaceholder(object, region)
      : await presignImage(s3, object, spec.presign.expiresInSeconds ?? PRESIGN_MAX_SECONDS);
  const documentFile = (slot: number) => ({ image, slot, url });
  return jobDocumentOf(spec, [documentFile(first), ...others.map(documentFile)]);
}
