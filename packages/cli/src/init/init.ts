import { FotaError, isFotaError } from "@fota/shared";
import type { AwsAccess } from "../aws/access.js";
import { type Buckets, openBuckets } from "../aws/buckets.js";
import { createRole, getRole, putRolePolicy } from "../aws/iam.js";
import { openImages } from "../aws/images.js";
import { openIot } from "../aws/iot.js";
import type { Identity } from "../aws/session.js";
import { callerIdentity } from "../aws/sts.js";
import { accessOf } from "../connect/access-of.js";
import type { Context } from "../context.js";
import { checkRole } from "../doctor/role.js";
import { checkBucketName, resolvePrefix } from "../image/image-spec.js";
import { resolvePresign } from "../job/presign.js";
import { readVariable } from "../settings/stray-character.js";
import { imagesPolicy, type PolicyScope, trustPolicy } from "./policies.js";
import { askBucket, askPresign, askRegion, askRole } from "./questions.js";

export interface InitOptions {
  bucket?: string;
  prefix?: string;
  presign?: string;
  role?: string;
}

/** What was asked and found out; nothing is changed yet. */
export interface Setup {
  access: AwsAccess;
  identity: Identity;
  scope: PolicyScope;
  makeBucket: boolean;
  presign: "cli" | "iot";
  /** Name or ARN; `make` when there is no such role. */
  role: { name: string; make: boolean } | undefined;
  warnings: string[];
}

const POLICY_NAME = "fota-images";

/**
 * Finds out what it can and asks for the rest.
 * @throws {FotaError} USAGE where something is missing and nobody can answer; what translated AWS errors can be
 */
export async function settle(context: Context, options: InitOptions): Promise<Setup> {
  const { host, output, settings } = context;
  const { env, signal } = host;
  const { file } = settings;
  const { access, identity } = await settleIdentity(context);
  const { region } = identity;
  const { caller } = await callerIdentity(access, identity, signal);
  if (!("account" in caller)) throw caller;
  output.note(`account ${caller.account} (${caller.arn}), region ${region}`);

  const buckets = openBuckets(access, signal);
  try {
    const bucket =
      options.bucket ??
      readVariable(env, "FOTA_BUCKET") ??
      file.bucket ??
      (await askBucket(output, region, () => buckets.list(region)));
    const said = options.presign ?? (options.role === undefined ? file.presign : "iot");
    const presign = said ?? (await askPresign(output, identity.credentialsEnd));
    const role =
      presign === "iot"
        ? (options.role ?? readVariable(env, "FOTA_ROLE") ?? file.role ?? (await askRole(output)))
        : options.role;
    checkBucketName(bucket);
    const prefix = resolvePrefix(options, { file, env: {} });
    const { by } = resolvePresign({ presign, ...(role !== undefined && { role }) }, { file: {}, env: {} });
    const scope = { region, account: caller.account, bucket, prefix };
    const makeBucket = await isMissing(access, bucket, signal);
    const found = role === undefined ? undefined : await findRole(role, scope, { access, identity, signal });
    return {
      access,
      identity,
      scope,
      makeBucket,
      presign: by,
      role: role === undefined ? undefined : { name: role, make: found?.make ?? false },
      warnings: found?.warnings ?? [],
    };
  } finally {
    buckets.close();
  }
}

/** Makes what is not there. Names of what it made. */
export async function make({ access, identity, scope, makeBucket, role }: Setup, signal: AbortSignal) {
  const made: string[] = [];
  if (makeBucket) {
    const buckets = openBuckets(access, signal);
    try {
      await makeSafeBucket(buckets, scope);
    } finally {
      buckets.close();
    }
    made.push(`bucket ${scope.bucket}`);
  }
  if (role?.make === true) {
    const roleName = role.name;
    const trust = JSON.stringify(trustPolicy(scope));
    await createRole({ roleName, trustPolicy: trust }, access, identity, signal);
    const policy = JSON.stringify(imagesPolicy(scope));
    await putRolePolicy({ roleName, policyName: POLICY_NAME, policy }, access, identity, signal).catch(
      (error: unknown) => {
        throw withoutPolicy(error, `${roleName} --policy-name ${POLICY_NAME} --policy-document '${policy}'`);
      },
    );
    made.push(`role ${roleName}`);
  }
  return made;
}

/** The next run would find the role and take it for whole: so what is left to do is said now. */
function withoutPolicy(error: unknown, policy: string): unknown {
  if (!isFotaError(error)) return error;
  const hint = `the role is there, but may read nothing yet: \`aws iam put-role-policy --role-name ${policy}\``;
  return new FotaError(error.code, error.message, { hint, cause: error });
}

async function makeSafeBucket(buckets: Buckets, { bucket, region }: PolicyScope): Promise<void> {
  await buckets.create(bucket, region);
  await buckets.blockPublicAccess(bucket);
  await buckets.enableVersioning(bucket);
}

async function settleIdentity(context: Context) {
  const { output, host } = context;
  const found = await accessOf(context);
  try {
    return { access: found, identity: await identityOf(found, host.signal) };
  } catch (error) {
    if (!isFotaError(error, "NO_REGION")) throw error;
    const asked = { ...found, region: await askRegion(output, error) };
    return { access: asked, identity: await identityOf(asked, host.signal) };
  }
}

async function identityOf(access: AwsAccess, signal: AbortSignal): Promise<Identity> {
  const iot = openIot(access, signal);
  try {
    return await iot.identity();
  } finally {
    iot.close();
  }
}

async function isMissing(access: AwsAccess, bucket: string, signal: AbortSignal): Promise<boolean> {
  const images = openImages(access, signal);
  try {
    await images.checkBucket(bucket);
    return false;
  } catch (error) {
    if (isFotaError(error, "BUCKET_NOT_FOUND")) return true;
    throw error;
  } finally {
    images.close();
  }
}

async function findRole(
  role: string,
  scope: PolicyScope,
  { access, identity, signal }: { access: AwsAccess; identity: Identity; signal: AbortSignal },
): Promise<{ make: boolean; warnings: string[] }> {
  try {
    const verdict = await checkRole(role, scope, (name) => getRole(name, access, identity, signal));
    return { make: false, warnings: verdict.status === "warn" ? [verdict.message] : [] };
  } catch (error) {
    const isName = !role.startsWith("arn:");
    if (isName && isFotaError(error, "ROLE_NOT_FOUND")) return { make: true, warnings: [] };
    throw error;
  }
}
