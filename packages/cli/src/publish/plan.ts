import { FotaError, type Hint, type JobDocument } from "@fota/shared";
import { mapAtOnce } from "../at-once.js";
import { checkBucket } from "../aws/buckets.js";
import type { Cloud } from "../aws/cloud.js";
import { getRole, openIam } from "../aws/iam.js";
import { byObject, type ImageObject } from "../aws/image-object.js";
import type { Iot } from "../aws/iot.js";
import type { S3 } from "../aws/s3.js";
import type { Identity } from "../aws/session.js";
import { targetArn } from "../aws/target-arn.js";
import { hasImage } from "../aws/upload.js";
import type { ImageFile } from "../image/image-file.js";
import type { ImageSpec } from "../image/image-spec.js";
import { checkDocumentLength, objectKey, plainName } from "../job/document.js";
import { describeFirmware } from "../job/firmware.js";
import { checkJobId, type JobContent, jobIdOf } from "../job/job-id.js";
import type { JobSpec } from "../job/job-spec.js";
import { checkLegacy } from "../job/legacy-devices.js";
import { checkNamedThings } from "../job/named-things.js";
import { findRole } from "../job/presign-role.js";
import { checkRegions, type Target } from "../job/targets.js";
import { versionQueryHint } from "../job/version-query.js";
import type { Signer } from "../signing/signer.js";
import { newDocument, type UrlSource, withFreshUrls } from "./document-urls.js";
import { type ExistingJob, findExisting } from "./existing.js";
import { findPatches } from "./find-patches.js";
import { fullQueues } from "./full-queue.js";
import { type GroupPlan, planGroup } from "./group.js";
import { abortWithoutRate, ineffectiveOptions } from "./ineffective-options.js";
import { type PackagePlan, planPackages } from "./package.js";
import { NO_PATCHES, type PatchMaking, type PatchPlan, planPatches } from "./patches.js";
import type { PreparedPublish } from "./prepare.js";
import { planQueryGroup, type QueryGroup, queriesIn } from "./query-group.js";
import { type Reach, reachOf } from "./reach.js";
import { refusalWarnings } from "./refusals.js";
import { type RolloutTime, rolloutTime } from "./rollout-time.js";
import { slotsOfSigned } from "./signed-document.js";
import { signedContentOf } from "./signing.js";
import { type SlottedFile, slotsOf } from "./slots.js";
import { checkOutlived, urlLifetime } from "./url-lifetime.js";
import { type Warning, warningsOf } from "./warnings.js";

/** Holds everything that a publish will do, checked before anything is changed. */
export interface Plan {
  spec: JobSpec;
  /** Lists the images; the first fills the legacy keys. */
  images: readonly [PlannedImage, ...PlannedImage[]];
  patches: PatchPlan;
  jobId: string;
  targetArns: string[];
  group: GroupPlan | undefined;
  /** The dynamic groups of `query:` targets. */
  queryGroups: readonly QueryGroup[];
  reach: Reach;
  rolloutTime: RolloutTime;
  /** The lifetime of a URL, from when it is presigned. */
  expiresInSeconds: number;
  /** The time when the credentials expire, and with them each URL that they presigned. */
  credentialsExpireAt: Date | undefined;
  /** The role that AWS IoT presigns as; `undefined` when the cli presigns. */
  roleArn: string | undefined;
  region: string;
  /** The document to create; the cli's own URLs are presigned again after the upload, and `signPlan` signs it. */
  document: JobDocument;
  /** The keys that sign the document. */
  signers: readonly Signer[];
  /** The same job, if it exists already: then there is nothing left to do. */
  existing: ExistingJob | undefined;
  packages: PackagePlan;
  warnings: Warning[];
  /** Says why the job will probably fail; one of the warnings has the text. */
  doubt?: Doubt;
}

/** Holds the question to ask before a job that will probably fail, and a hint for a better command. */
export interface Doubt {
  question: string;
  hint: Hint | undefined;
}

/** Holds an image of the job. If S3 has it already (`isThere`), its facts are enough. */
export type PlannedImage = { slot: number; object: ImageObject } & (
  | { image: ImageFile; isThere: boolean }
  | { image: ImageFacts; isThere: true }
);

/** Holds the facts that are needed of an image that is not uploaded. */
type ImageFacts = Pick<ImageFile, "name" | "sizeBytes" | "md5" | "sha256">;

/** AWS allows hundreds of these requests per second. */
const LOOKUPS_AT_ONCE = 8;

/** Supplies the content of a job: files to upload, or the images of another job. */
export interface JobSource {
  bucket: string;
  /** Resolves the images; called after the targets and the bucket were checked. */
  images(): Promise<[PlannedImage, ...PlannedImage[]]>;
  /** Makes or finds the patches; called after the images. */
  patches(reach: Reach): Promise<PatchPlan>;
  document(source: UrlSource): Promise<JobDocument>;
  jobId(content: JobContent): string;
  signers: readonly Signer[];
  /** A command to type that signs the document for other things. */
  signAgain: string;
}

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
    images: () => planImages(imageSpec, slots, cloud.s3),
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

/**
 * Checks everything that can be checked, and changes nothing.
 * @throws {FotaError} NO_REGION, NO_CREDENTIALS, THING_NOT_FOUND, GROUP_NOT_FOUND, GROUP_EMPTY, GROUP_EXISTS,
 * TARGET_INVALID, QUERY_INVALID, INDEX_OFF, PACKAGE_DIFFERS, BUCKET_NOT_FOUND, BUCKET_WRONG_REGION, ROLE_NOT_FOUND, ROLE_INVALID, EXPIRES_INVALID, URL_OUTLIVED,
 * ENDPOINT_INVALID, LEGACY_UNSAFE, JOB_EXISTS and other translated AWS errors
 */
export async function planJob(spec: JobSpec, cloud: Cloud, now: Date, source: JobSource): Promise<Plan> {
  const { iot, s3, access, signal } = cloud;
  const [identity, { credentialsExpireAt, credentials }] = await inOrder([iot.identity(), s3.identity()]);
  const { region } = identity;
  checkRegions(spec.targets, region);
  const life =
    spec.presign.by === "iot"
      ? { expiresInSeconds: spec.presign.expiresInSeconds, warnings: [] }
      : urlLifetime(spec.presign.expiresInSeconds, credentialsExpireAt ?? expiryUnknown(credentials), now);
  const [queryGroups, foundOthers] = await inOrder([
    mapAtOnce(queriesIn(spec.targets), LOOKUPS_AT_ONCE, (query) => planQueryGroup(iot, query)),
    findTargets(iot, spec.targets),
    checkBucket(s3, source.bucket),
  ]);
  const foundArns = [...foundOthers, ...queryGroups.map(({ arn }) => arn)];
  const role =
    spec.presign.by === "iot"
      ? await findRole(spec.presign.role, foundArns[0] ?? "", (name) =>
          getRole(openIam(access, identity, signal), name),
        )
      : undefined;
  const reach = await checkReach(iot, spec);
  const time = rolloutTime(reach.things.length, spec, now);
  if (spec.presign.by === "cli") checkOutlived(time, life.expiresInSeconds);
  const { makeGroup } = spec;
  const group = makeGroup === undefined ? undefined : await planGroup(iot, makeGroup, reach.things);
  const targetArns = group === undefined ? foundArns : [groupArnBeside(foundArns[0] ?? "", group.name)];

  const planned = await source.images();
  const patches = await source.patches(reach);
  const document = await source.document({
    spec,
    images: planned,
    patches,
    region,
    expiresInSeconds: life.expiresInSeconds,
  });
  checkDocumentLength(document);
  const content = planned.map(({ slot, object, image }) => ({ slot, key: object.key, sha256: image.sha256 }));
  const besideArn = foundArns[0] ?? "";
  const packages = await planPackages(iot, spec, { images: planned, besideArn });
  const { bucket } = source;
  const { signers } = source;
  checkNamedThings(document, reach.things, source.signAgain);
  const signed = signedContentOf(document, signers);
  const jobId = checkJobId(
    spec.jobId ??
      source.jobId({
        spec,
        bucket,
        targetArns: foundArns,
        images: content,
        packageArns: packages.arns,
        patches: patches.content,
        ...(signed !== undefined && { signed }),
      }),
  );
  const notes = spec.legacy ? await checkLegacy(iot, jobId, document, reach.things) : [];
  const hidden = await fullQueues(iot, jobId, reach.things);
  const existing = await findExisting(iot, { jobId, targetArns, document, signers, packages, patches }, now);
  // For a job that exists already, its status shows the outcome.
  const refusing = existing === undefined ? await refusalWarnings(iot, document, reach.things) : [];
  const warnings = [
    ...warningsOf("OPTION_RENAMED", spec.renamed),
    ...warningsOf("URL_SHORTENED", life.warnings),
    ...warningsOf("PATCH_MISSING", patches.warnings),
    ...warningsOf("ROLE_NOT_CHECKED", role?.warnings ?? []),
    ...warningsOf("OPTION_INEFFECTIVE", ineffectiveOptions(spec, reach, now)),
    ...warningsOf("ABORT_WITHOUT_RATE", abortWithoutRate(spec, reach)),
    ...warningsOf("PACKAGE_DOUBTFUL", packages.warnings),
    ...warningsOf("LEGACY_DEVICES", notes),
    ...warningsOf("QUEUE_FULL", hidden),
    ...warningsOf("LIKELY_REFUSED", refusing),
    ...warningsOf("THINGS_UNKNOWN", reach.unknown === undefined ? [] : [reach.unknown]),
  ];
  const [first] = planned;
  const firmware = describeFirmware({ version: spec.fwVersion, image: plainName(first.image.name) });
  return {
    spec: { ...spec, description: spec.description ?? firmware },
    images: planned,
    patches,
    jobId,
    targetArns,
    group,
    queryGroups,
    reach,
    rolloutTime: time,
    expiresInSeconds: life.expiresInSeconds,
    credentialsExpireAt,
    roleArn: role?.arn,
    region,
    document,
    signers,
    existing,
    packages,
    warnings,
  };
}

/** Returns "unknown" for temporary credentials, which are the only ones with a session token. */
function expiryUnknown({ sessionToken }: Identity["credentials"]): "unknown" | undefined {
  return sessionToken === undefined ? undefined : "unknown";
}

async function planImages(
  { bucket, prefix }: Pick<ImageSpec, "bucket" | "prefix">,
  [first, ...others]: readonly [SlottedFile, ...SlottedFile[]],
  s3: S3,
): Promise<[PlannedImage, ...PlannedImage[]]> {
  const placed = ({ image, slot }: SlottedFile) => ({
    image,
    slot,
    object: { bucket, key: objectKey(prefix, image) },
  });
  const objects = byObject([first, ...others].map(placed));
  const found = await mapAtOnce(objects, LOOKUPS_AT_ONCE, async ([{ object, image }]) => {
    return [object.key, await hasImage(s3, object, image)] as const;
  });
  const isThere = new Map(found);
  const plan = (file: SlottedFile): PlannedImage => {
    const planned = placed(file);
    return { ...planned, isThere: isThere.get(planned.object.key) ?? false };
  };
  return [plan(first), ...others.map(plan)];
}

/** Resolves the things of the targets. @throws {FotaError} GROUP_EMPTY */
async function checkReach(iot: Iot, spec: JobSpec): Promise<Reach> {
  const reach = await reachOf(iot, spec.targets);
  if (reach.things.length > 0 || reach.unknown !== undefined || spec.continuous) return reach;
  const names = spec.targets.map(({ text }) => text).join(", ");
  throw new FotaError("GROUP_EMPTY", `there is no thing in ${names}`, {
    hint: spec.targets.every(({ query }) => query !== undefined)
      ? (spec.targets.flatMap(({ query = "" }) => versionQueryHint(query) ?? [])[0] ??
        "check the query, or add --continuous: then things that it finds later get the job")
      : "add things to it first, or add --continuous: then things that join later get the job",
  });
}

/** Returns the ARN of a group that may not exist yet, from any ARN of the same account and region. */
function groupArnBeside(arn: string, groupName: string): string {
  return `${arn.split(":").slice(0, 5).join(":")}:thinggroup/${groupName}`;
}

/** Returns the ARNs of the things and groups, without those of queries. */
async function findTargets(iot: Iot, targets: readonly Target[]): Promise<string[]> {
  const named = targets.filter(({ query }) => query === undefined);
  return [...new Set(await mapAtOnce(named, LOOKUPS_AT_ONCE, (target) => findTarget(iot, target)))];
}

async function findTarget(iot: Iot, target: Target): Promise<string> {
  const arn = await targetArn(iot, target);
  if (target.arn === undefined || target.arn === arn) return arn;
  throw new FotaError("TARGET_INVALID", `${target.text} is not in this account, where its name is ${arn}`, {
    hint: "use credentials of the target's account (--profile)",
  });
}

/** Waits for all tasks, then throws the error of the first failed one in the list, whichever failed first in time. */
async function inOrder<T extends readonly unknown[] | []>(
  tasks: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(tasks);
  for (const task of tasks) await task;
  return await Promise.all(tasks);
}
