import { decodeStatusDetails, imagesOf, isFotaError, isTerminal } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { findCertificate } from "../aws/certificates.js";
import type { Cloud } from "../aws/cloud.js";
import { thingConnectivity } from "../aws/connectivity.js";
import {
  describeExecution,
  type Execution,
  type ExecutionDescription,
  type ExecutionOfThing,
  listExecutions,
  listExecutionsOfThing,
} from "../aws/executions.js";
import { getRole, openIam } from "../aws/iam.js";
import type { JobDescription } from "../aws/jobs.js";
import { groupsAbove } from "../aws/memberships.js";
import { effectivePolicies, listPrincipals } from "../aws/principals.js";
import { thingArn } from "../aws/things.js";
import { grouped } from "../grouped.js";
import { findRole } from "../job/presign-role.js";
import { readJobWithDocument } from "../job/read-job.js";
import { signedAheadOf, signedUrlEnd } from "../job/signed-url.js";
import { checkObject } from "../job/stored-image.js";
import { withQueriesOf } from "../job/target-queries.js";
import { failingStatuses, failureCount, groupCauses } from "../status/causes.js";
import { abortRulesOf, totalOf } from "../status/pace.js";
import { openReports } from "../status/reports.js";
import type { FailureCause } from "../status/result.js";
import { findUnreached } from "../status/unreached.js";
import type { CertificateFacts, Facts, ThingDetail, ThingFacts } from "./facts.js";
import { missingPermissions } from "./policy.js";

/** Limits the failures whose cause is read: AWS allows ten requests per second. */
const FAILURES_MAX = 25;
/** Limits the things in progress whose report is read. */
const DETAILS_MAX = 10;

type Tries = Pick<ThingFacts, "tries" | "before">;

/** Returns the result of `task`; if the task is not allowed, `undefined`, and notes what could not be read. */
type Look = <T>(task: Promise<T>) => Promise<T | undefined>;

/**
 * Reads the facts that the job's state calls for. Only the job itself must be readable: anything else that AWS refuses
 * is listed in `unknown`.
 * @throws {FotaError} JOB_NOT_FOUND
 */
export async function readFacts(cloud: Cloud, jobId: string, thing: string | undefined): Promise<Facts> {
  const { iot } = cloud;
  const { job, decoded } = await readJobWithDocument(iot, jobId);
  const { queries = {} } = await withQueriesOf(iot, { targets: job.targetArns });
  const unknown: string[] = [];
  const look = lookingFrom(unknown);
  const nothing = { urlEnd: undefined, signedAhead: undefined, image: undefined, roleFault: undefined };
  const bare = { job, decoded, queries, ...nothing };
  const unreached =
    thing === undefined ? await findUnreached(iot, { ...job, total: totalOf(job.counts) }) : undefined;
  const facts: Facts = {
    ...bare,
    abort: [],
    unreached,
    failures: [],
    failedThing: undefined,
    detailed: [],
    thing: undefined,
    unknown,
  };
  if (decoded.kind !== "order") return facts;
  const images = imagesOf(decoded.document);
  const ends = images.flatMap(({ bc_url }) => signedUrlEnd(bc_url) ?? []);
  const open = job.status === "IN_PROGRESS" || job.status === "SCHEDULED";
  const [objects, roleFault, failures, detailed, ofThing] = await Promise.all([
    open
      ? mapAtOnce(
          grouped(images, ({ bc_url }) => bc_url),
          2,
          ([image]) => look(checkObject(image, cloud.s3)),
        )
      : [],
    open ? look(faultOfRole(cloud, job.presignedUrlConfig?.roleArn, job.jobArn, unknown)) : undefined,
    thing === undefined ? look(readFailures(cloud, job)) : undefined,
    thing === undefined ? look(readDetails(cloud, job)) : undefined,
    thing === undefined ? look(readExample(cloud, job, look)) : readThing(cloud, jobId, thing, look),
  ]);
  const [failedName] = failureCount(job.counts) === 1 ? (failures?.[0]?.things ?? []) : [];
  const failedThing =
    failedName === undefined ? undefined : await look(readThing(cloud, jobId, failedName, look));
  for (const checked of objects) {
    if (checked?.state === "unknown") unknown.push(checked.because ?? "the image cannot be read");
  }
  return {
    ...facts,
    urlEnd: ends.sort((a, b) => a.getTime() - b.getTime())[0],
    signedAhead: images.flatMap(({ bc_url }) => signedAheadOf(bc_url, job.createdAt) ?? [])[0],
    image: objects.find((each) => each?.state === "missing" || each?.state === "differs") ?? objects[0],
    roleFault,
    // Canceled executions had not ended when the rule fired, because the rule canceled them.
    abort: abortRulesOf(job),
    failures: failures ?? [],
    failedThing,
    detailed: detailed ?? [],
    thing: ofThing,
  };
}

function lookingFrom(unknown: string[]): Look {
  return async (task) => {
    try {
      return await task;
    } catch (error) {
      const telling = ["ACCESS_DENIED", "AWS_ERROR", "THROTTLED", "ENDPOINT_UNREACHABLE"] as const;
      if (!isFotaError(error) || !telling.some((code) => code === error.code)) throw error;
      unknown.push(error.hint === undefined ? error.message : `${error.message}; ${error.hint}`);
      return undefined;
    }
  };
}

/** Reads why things failed; of many failures only a few, because each takes a request. */
async function readFailures({ iot }: Cloud, job: JobDescription): Promise<FailureCause[]> {
  const statuses = failingStatuses(job.counts);
  const found: Execution[] = [];
  for (const status of statuses) {
    let left = Math.ceil(FAILURES_MAX / statuses.length);
    for await (const execution of listExecutions(iot, job.jobId, status)) {
      found.push(execution);
      left -= 1;
      if (left === 0) break;
    }
  }
  return groupCauses(await openReports(iot, job.jobId).of(found));
}

/** Reads what things in progress report in words; of many things only a few. */
async function readDetails({ iot }: Cloud, { jobId, counts }: JobDescription): Promise<ThingDetail[]> {
  if (counts.inProgress === 0) return [];
  const found: Execution[] = [];
  for await (const execution of listExecutions(iot, jobId, "IN_PROGRESS")) {
    found.push(execution);
    if (found.length === DETAILS_MAX) break;
  }
  const reported = await openReports(iot, jobId).of(found);
  return reported.flatMap(({ thing, detail }) => (detail === undefined ? [] : [{ thing, detail }]));
}

/** Reads one of the waiting things if none is in progress; the first page of a list has one. */
async function readExample(
  cloud: Cloud,
  { jobId, counts }: JobDescription,
  look: Look,
): Promise<ThingFacts | undefined> {
  if (counts.queued === 0 || counts.inProgress > 0) return undefined;
  for await (const { thing } of listExecutions(cloud.iot, jobId, "QUEUED")) {
    return await readThing(cloud, jobId, thing, look);
  }
  return undefined;
}

async function faultOfRole(
  { iot, access, signal }: Cloud,
  roleArn: string | undefined,
  jobArn: string,
  unknown: string[],
): Promise<string | undefined> {
  if (roleArn === undefined) return undefined;
  const signer = await iot.identity();
  try {
    const { warnings } = await findRole(roleArn, jobArn, (name) =>
      getRole(openIam(access, signer, signal), name),
    );
    unknown.push(...warnings);
    return undefined;
  } catch (error) {
    if (isFotaError(error, "ROLE_NOT_FOUND") || isFotaError(error, "ROLE_INVALID")) return error.message;
    throw error;
  }
}

async function readThing(cloud: Cloud, jobId: string, thing: string, look: Look): Promise<ThingFacts> {
  const { iot } = cloud;
  const execution = await describeExecution(iot, jobId, thing);
  const ended = execution !== undefined && isTerminal(execution.status);
  const absent = execution === undefined || execution.status === "REMOVED";
  const queued = execution?.status === "QUEUED";
  const [exists, groups, tried, ahead, certificates, connectivity] = await Promise.all([
    absent ? look(thingExists(cloud, thing)) : true,
    absent ? look(groupsAbove(iot, thing)) : undefined,
    absent ? undefined : look(readTries(cloud, jobId, thing)),
    queued ? look(executionsAhead(cloud, jobId, execution)) : undefined,
    queued ? look(readCertificates(cloud, jobId, thing, look)) : undefined,
    ended || execution === undefined ? undefined : look(thingConnectivity(iot, thing)),
  ]);
  const report = decodeStatusDetails(execution?.details);
  const { tries, before } = tried ?? { tries: undefined, before: undefined };
  return { thing, exists, execution, report, tries, before, ahead, groups, certificates, connectivity };
}

async function thingExists({ iot }: Cloud, thing: string): Promise<boolean> {
  try {
    await thingArn(iot, thing);
    return true;
  } catch (error) {
    if (isFotaError(error, "THING_NOT_FOUND")) return false;
    throw error;
  }
}

/** Counts the attempts with a list, because AWS does not promise that execution numbers are consecutive. */
async function readTries({ iot }: Cloud, jobId: string, thing: string): Promise<Tries> {
  const tries: ExecutionOfThing[] = [];
  for await (const each of listExecutionsOfThing(iot, thing, undefined, jobId)) {
    if (each.jobId === jobId) tries.push(each);
  }
  tries.sort((a, b) => a.executionNumber - b.executionNumber);
  const before = tries.at(-2);
  if (before === undefined) return { tries: tries.length, before: undefined };
  const found = await describeExecution(iot, jobId, thing, before.executionNumber);
  return {
    tries: tries.length,
    before: { status: before.status, report: decodeStatusDetails(found?.details) },
  };
}

/** Lists the executions that run first: those in progress, then the queue by age. */
async function executionsAhead(
  { iot }: Cloud,
  jobId: string,
  { thing, queuedAt }: ExecutionDescription,
): Promise<ExecutionOfThing[]> {
  const found: ExecutionOfThing[] = [];
  for (const status of ["IN_PROGRESS", "QUEUED"] as const) {
    const ofStatus: ExecutionOfThing[] = [];
    for await (const other of listExecutionsOfThing(iot, thing, status)) {
      const older = (other.queuedAt?.getTime() ?? 0) < (queuedAt?.getTime() ?? 0);
      if (other.jobId !== jobId && (status === "IN_PROGRESS" || older)) ofStatus.push(other);
    }
    const age = ({ queuedAt: since }: ExecutionOfThing) => since?.getTime() ?? 0;
    found.push(...ofStatus.sort((a, b) => age(a) - age(b)));
  }
  return found;
}

async function readCertificates(
  { iot }: Cloud,
  jobId: string,
  thing: string,
  look: Look,
): Promise<CertificateFacts[] | undefined> {
  const principals = await listPrincipals(iot, thing);
  const certificates = principals.filter((arn) => arn.includes(":cert/"));
  // A Cognito identity authenticates in another way, which is not checked.
  if (certificates.length === 0 && principals.length > 0) return undefined;
  const read = async (arn: string): Promise<CertificateFacts> => {
    const certificateId = arn.slice(arn.lastIndexOf("/") + 1);
    const status = (await look(findCertificate(iot, certificateId)))?.status ?? "UNKNOWN";
    const policies = status === "ACTIVE" ? await look(effectivePolicies(iot, arn, thing)) : undefined;
    const missing = policies === undefined ? [] : missingPermissions(policies, thing, jobId);
    return { certificateId, status, policies: policies?.map(({ name }) => name), missing };
  };
  return await mapAtOnce(certificates, REQUESTS_AT_ONCE, read);
}
