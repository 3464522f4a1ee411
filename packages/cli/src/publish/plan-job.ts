import type { JobDocument } from "@fota/shared";
import { checkBucket } from "../aws/buckets.js";
import type { Cloud } from "../aws/cloud.js";
import { getRole, openIam } from "../aws/iam.js";
import type { Identity } from "../aws/session.js";
import { checkDocumentLength, plainName } from "../job/document.js";
import { describeFirmware } from "../job/firmware.js";
import { checkJobId, type JobContent } from "../job/job-id.js";
import type { JobSpec } from "../job/job-spec.js";
import { checkLegacy } from "../job/legacy-devices.js";
import { checkNamedThings } from "../job/named-things.js";
import { findRole } from "../job/presign-role.js";
import type { Reach } from "../job/reach.js";
import { checkRegions } from "../job/targets.js";
import type { Signer } from "../signing/signer.js";
import type { UrlSource } from "./document-urls.js";
import { findExisting } from "./existing.js";
import { fullQueues } from "./full-queue.js";
import { planGroup } from "./group.js";
import { abortWithoutRate, ineffectiveOptions } from "./ineffective-options.js";
import { planPackages } from "./package.js";
import type { PatchPlan } from "./patches.js";
import type { Plan, PlannedImage } from "./plan.js";
import { checkReach, findTargets, planQueryGroups } from "./plan-targets.js";
import { refusalWarnings } from "./refusals.js";
import { rolloutTime } from "./rollout-time.js";
import { sameImageWarnings } from "./same-image.js";
import { signedContentOf } from "./signing.js";
import { checkOutlived, urlLifetime } from "./url-lifetime.js";
import { warningsOf } from "./warnings.js";

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
    planQueryGroups(iot, spec.targets),
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
    ...warningsOf("SAME_IMAGE", sameImageWarnings(planned, document)),
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

/** Returns the ARN of a group that may not exist yet, from any ARN of the same account and region. */
function groupArnBeside(arn: string, groupName: string): string {
  return `${arn.split(":").slice(0, 5).join(":")}:thinggroup/${groupName}`;
}

/** Waits for all tasks, then throws the error of the first failed one in the list, whichever failed first in time. */
async function inOrder<T extends readonly unknown[] | []>(
  tasks: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(tasks);
  for (const task of tasks) await task;
  return await Promise.all(tasks);
}
