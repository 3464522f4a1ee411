import { type Hint, hintOf, isFotaError } from "@fota/shared";
import {
  anyObject,
  type BucketEncryption,
  blockPublicAccess,
  enableVersioning,
  isVersioned,
  publicAccessBlockOf,
} from "../aws/buckets.js";
import { presignImage } from "../aws/images.js";
import type { S3 } from "../aws/s3.js";
import { checkImageUrl } from "../job/check-url.js";
import { fail, ok, skipped, type Verdict, warn } from "./verdict.js";

/** The URL stays valid long enough for one attempt. */
const PROBE_SECONDS = 60;

export async function checkPublicAccess(s3: S3, bucket: string): Promise<Verdict> {
  const { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets } =
    (await publicAccessBlockOf(s3, bucket)) ?? {};
  const blocks = { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets };
  const off = Object.entries(blocks).flatMap(([name, on]) => (on === true ? [] : [name]));
  if (off.length === 0) return ok("blocked");
  return {
    ...warn(
      `the bucket can be made public: ${off.join(", ")} ${off.length === 1 ? "is" : "are"} off`,
      fixing(bucket, "blocks public access; presigned URLs still work"),
    ),
    fix: {
      question: `block all public access of bucket ${bucket}? Who reads it without credentials cannot then`,
      apply: (changed) => blockPublicAccess(changed, bucket),
    },
  };
}

export async function checkVersioning(s3: S3, bucket: string): Promise<Verdict> {
  if (await isVersioned(s3, bucket)) return ok("on");
  return {
    ...warn(
      "off: a deleted or overwritten image cannot be restored",
      fixing(bucket, "switches it on; S3 then charges for old versions too"),
    ),
    fix: {
      question: `switch on versioning of bucket ${bucket}? S3 then charges for old versions too`,
      apply: (changed) => enableVersioning(changed, bucket),
    },
  };
}

function fixing(bucket: string, effect: string): Hint {
  return { text: `<command> ${effect}`, command: ["doctor", "--bucket", bucket, "--fix"] };
}

/** Checks the encryption. With SSE-KMS, a presigned GET also needs the signer's permission to use the key. */
export function judgeEncryption({ algorithm, kmsKeyId }: BucketEncryption, presigned: Verdict): Verdict {
  if (!algorithm.startsWith("aws:kms"))
    return ok("with S3's own keys; presigned URLs need no further permission");
  const key = kmsKeyId ?? "the AWS managed key aws/s3";
  const what = `${algorithm} with ${key}`;
  if (presigned.status === "ok") return ok(`${what}; the presigned URL works`);
  return warn(
    `${what}: a presigned URL works only if its signer may decrypt`,
    "give kms:Decrypt and kms:GenerateDataKey on the key to the credentials in use, kms:Decrypt to --role",
  );
}

/** Maps the condition keys that can block a device's request to what they check. */
const CONDITIONS: Readonly<Record<string, string>> = {
  "aws:sourceip": "devices must come from its addresses",
  "aws:vpcsourceip": "devices must come from its addresses",
  "aws:sourcevpc": "devices must come from its VPC",
  "aws:sourcevpce": "devices must come through its endpoint",
  "aws:useragent": "devices must have its user agent",
  "aws:referer": "devices must send its referer",
  "s3:authtype": "it may refuse presigned URLs",
  "s3:signatureage": "presigned URLs expire earlier than they say",
  "s3:signatureversion": "presigned URLs have AWS4-HMAC-SHA256",
};

/** Checks a bucket policy. Its conditions about the request apply to the user of a presigned URL, not to its signer. */
export function judgePolicy(policy: string | undefined): Verdict {
  if (policy === undefined) return ok("none");
  const keys = new Set(conditionKeysOf(policy));
  const found = Object.entries(CONDITIONS).filter(([key]) => keys.has(key));
  if (found.length === 0) return ok("has no condition on where a request comes from");
  const conditions = found.map(([key, effect]) => `${key} (${effect})`).join(", ");
  return warn(
    `has conditions on ${conditions}`,
    "check that devices in the field meet them; what works from here may not work there",
  );
}

function conditionKeysOf(policy: string): string[] {
  const keys: string[] = [];
  const statements = (JSON.parse(policy) as { Statement?: unknown }).Statement;
  for (const statement of Array.isArray(statements) ? statements : [statements]) {
    const condition = (statement as { Condition?: Record<string, object> } | undefined)?.Condition ?? {};
    for (const operands of Object.values(condition)) keys.push(...Object.keys(operands));
  }
  return keys.map((key) => key.toLowerCase());
}

/** Presigns an existing object and fetches its first byte as a device would. */
export async function checkPresignedGet(
  s3: S3,
  { bucket, prefix }: { bucket: string; prefix: string },
  how: { ca: string[] | undefined; signal: AbortSignal },
): Promise<Verdict> {
  const where = `s3://${bucket}/${prefix}`;
  const object = await anyObject(s3, bucket, prefix);
  if (object === undefined)
    return skipped(`not tried: there is no image in ${where} yet`, "publish tries its own");
  const name = object.key.slice(object.key.lastIndexOf("/") + 1);
  const url = await presignImage(s3, { bucket, key: object.key }, PROBE_SECONDS);
  try {
    await checkImageUrl(url, object.sizeBytes, how);
    return ok(`works (tried with ${name})`);
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    const hint =
      error.code === "ACCESS_DENIED"
        ? `the credentials in use need s3:GetObject on arn:aws:s3:::${bucket}/${prefix}/*, and kms:Decrypt where a KMS key encrypts`
        : error.code === "CREDENTIALS_REFUSED"
          ? hintOf(error)
          : "check the network between here and S3";
    return fail(`${error.message} (tried with ${name})`, hint);
  }
}
