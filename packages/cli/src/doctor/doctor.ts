import { setMaxListeners } from "node:events";
import { FotaError, hintOf, isFotaError } from "@fota/shared";
import { checkBucket, encryptionOf, policyOf } from "../aws/buckets.js";
import type { Cloud } from "../aws/cloud.js";
import { getRole, openIam } from "../aws/iam.js";
import type { Identity } from "../aws/session.js";
import { type CallerAnswer, callerIdentity, openSts } from "../aws/sts.js";
import type { JobSpec } from "../job/job-spec.js";
import { wallClockMs } from "../wall-clock.js";
import {
  checkPresignedGet,
  checkPublicAccess,
  checkVersioning,
  judgeEncryption,
  judgePolicy,
} from "./bucket.js";
import { examine, ifAllowed } from "./examine.js";
import { judgeClock, judgeCredentials, judgeSkew } from "./identity.js";
import { checkJobQuota, checkLegacyTraps, checkTarget } from "./jobs.js";
import { checkPackage } from "./package.js";
import { checkPermissions } from "./permissions.js";
import { checkIotEndpoint } from "./reach.js";
import { checkRole } from "./role.js";
import { type Check, type Finding, ok, skipped, type Verdict } from "./verdict.js";

/** Says what to check: all that publish would resolve from the same options and settings, except the images. */
export interface Question {
  /** May have no targets. */
  spec: JobSpec;
  /** `undefined` if no bucket is set: the bucket checks are skipped. */
  bucket: string | undefined;
  prefix: string;
  /** Lists the default slots of a raw image, the one of the legacy keys first; may be empty. */
  slots: readonly number[];
  /** `undefined` if no role is set. */
  role: string | undefined;
}

const CHECK_LIMIT_MS = 20_000;

/**
 * Runs all checks at once; changes nothing. A check that timed out keeps running until the signal of `cloud` aborts.
 * @throws {FotaError} INTERRUPTED
 */
export async function diagnose(question: Question, cloud: Cloud): Promise<Finding[]> {
  let identity: Identity;
  try {
    identity = await cloud.iot.identity();
  } catch (error) {
    if (!isFotaError(error)) throw error;
    const check = isFotaError(error, "NO_REGION") ? "region" : "credentials";
    return [{ check, status: "fail", message: error.message, hint: hintOf(error) }];
  }
  const { signal } = cloud;
  setMaxListeners(0, signal); // every request adds a listener, and all run at once
  const checks = [
    ...identityChecks(question, cloud, identity),
    ...bucketChecks(question, cloud),
    ...iotChecks(question, cloud, identity),
  ];
  return await examine(checks, CHECK_LIMIT_MS);
}

function identityChecks({ spec, role }: Question, { access, signal }: Cloud, identity: Identity): Check[] {
  const { region, credentialsExpireAt } = identity;
  const asked = once(async () => {
    const askedMs = wallClockMs();
    return {
      askedMs,
      answer: await callerIdentity(openSts(access, identity, signal)),
      answeredMs: wallClockMs(),
    };
  });
  return [
    { name: "region", run: async () => ok(region) },
    {
      name: "credentials",
      run: async () => {
        const caller = callerIn((await asked()).answer);
        const urlSeconds = spec.presign.by === "iot" ? null : spec.presign.expiresInSeconds;
        return judgeCredentials(caller, credentialsExpireAt, urlSeconds, new Date());
      },
    },
    {
      name: "clock",
      run: async () => {
        const answered = await asked().catch(() => undefined); // the credentials check reports why it failed
        if (answered?.answer.serverTime !== undefined) {
          return judgeClock(answered.answer.serverTime, answered.askedMs, answered.answeredMs);
        }
        // Use what the answers to the other checks showed meanwhile.
        const ahead = access.clock.aheadSeconds();
        if (ahead !== undefined) return judgeSkew(ahead);
        return skipped(answered === undefined ? "STS did not answer" : "STS did not send its time");
      },
    },
    {
      name: "role",
      run: async () => {
        if (role === undefined) return skipped("no role is set; only --presign iot needs one");
        const { account } = callerIn((await asked()).answer);
        return await checkRole(role, { account, region }, (name) =>
          getRole(openIam(access, identity, signal), name),
        );
      },
    },
  ];
}

function callerIn({ caller }: CallerAnswer) {
  if (caller instanceof FotaError) throw caller;
  return caller;
}

function bucketChecks({ spec, bucket, prefix }: Question, { s3, access, signal }: Cloud): Check[] {
  if (bucket === undefined) {
    const hint = "give --bucket, set FOTA_BUCKET, or write `bucket` into fota.config.json";
    return [{ name: "bucket", run: async () => skipped("no bucket is set", hint) }];
  }
  const found = once(() => checkBucket(s3, bucket));
  const inBucket = (name: string, look: () => Promise<Verdict>): Check => ({
    name,
    run: async () => {
      const isThere = await found().then(
        () => true,
        () => false,
      );
      return isThere ? await ifAllowed(look) : skipped(`cannot read bucket ${bucket}`);
    },
  });
  const presigned = once(async () =>
    spec.presign.by === "iot"
      ? skipped("AWS IoT presigns, as the role")
      : await ifAllowed(() => checkPresignedGet(s3, { bucket, prefix }, { ca: access.ca, signal })),
  );
  return [
    {
      name: "bucket",
      run: async () => {
        await found();
        return ok(`${bucket} exists, in this region`);
      },
    },
    inBucket("public access", () => checkPublicAccess(s3, bucket)),
    inBucket("encryption", async () => judgeEncryption(await encryptionOf(s3, bucket), await presigned())),
    inBucket("versioning", () => checkVersioning(s3, bucket)),
    inBucket("bucket policy", async () => judgePolicy(await policyOf(s3, bucket))),
    inBucket("presigned URL", presigned),
  ];
}

function iotChecks(question: Question, cloud: Cloud, { region }: Identity): Check[] {
  const { iot } = cloud;
  const { spec, bucket, prefix, slots } = question;
  const { targets, packageName } = spec;
  const legacy = async () => {
    if (!spec.legacy) return skipped("not checked; use --legacy if devices run the original library");
    if (bucket === undefined) return skipped("needs a bucket to presign a URL");
    return await checkLegacyTraps(cloud, spec, { bucket, prefix, slots, region });
  };
  return [
    { name: "device endpoint", run: () => ifAllowed(() => checkIotEndpoint(cloud, "iot:Data-ATS")) },
    { name: "jobs endpoint", run: () => ifAllowed(() => checkIotEndpoint(cloud, "iot:Jobs")) },
    { name: "jobs", run: () => ifAllowed(() => checkJobQuota(iot)) },
    ...targets.map((target) => ({
      name: `target ${target.text}`,
      run: () => checkTarget(iot, target, region),
    })),
    ...(targets.length > 0
      ? []
      : [{ name: "targets", run: async () => skipped("no target is given; use --to to check one") }]),
    ...(packageName === undefined
      ? []
      : [{ name: "package", run: () => ifAllowed(() => checkPackage(iot, packageName)) }]),
    { name: "permissions", run: () => checkPermissions(iot, targets, packageName) },
    { name: "legacy", run: legacy },
  ];
}

/** Returns a function that starts the task at its first call and always returns the same promise. */
function once<T>(task: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => {
    begun ??= task();
    return begun;
  };
}
