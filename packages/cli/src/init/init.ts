import { FotaError, isFotaError } from "@fota/shared";
import type { AwsAccess } from "../aws/access.js";
import {
  blockPublicAccess,
  checkBucket,
  createBucket,
  enableVersioning,
  listBuckets,
} from "../aws/buckets.js";
import { createRole, getRole, type Iam, openIam, putRolePolicy } from "../aws/iam.js";
import { openIot } from "../aws/iot.js";
import { openS3, type S3 } from "../aws/s3.js";
import { withService } from "../aws/service.js";
import type { Identity } from "../aws/session.js";
import { callerIdentity, openSts } from "../aws/sts.js";
import { accessOf } from "../connect/access-of.js";
import type { Context } from "../context.js";
import { checkRole } from "../doctor/role.js";
import { checkBucketName, resolvePrefix } from "../image/image-spec.js";
import { resolvePresign } from "../job/presign.js";
import { readVariable } from "../settings/stray-character.js";
import { IMAGES_POLICY_NAME, imagesPolicy, type PolicyScope, trustPolicy } from "./policies.js";
import { askBucket, askPresign, askRegion, askRole } from "./questions.js";
import { resolveSlotKeys, type SlotKeys } from "./slots.js";
import type { TemplateFormat } from "./template-format.js";

/** Holds the options of `fota init`, as commander names them. */
export interface InitOptions {
  bucket?: string;
  prefix?: string;
  presign?: string;
  role?: string;
  slot?: string;
  print?: TemplateFormat;
  yes?: boolean;
}

/** Holds the answers and what was looked up; nothing is changed yet. */
export interface Setup {
  access: AwsAccess;
  identity: Identity;
  scope: PolicyScope;
  makeBucket: boolean;
  presign: "cli" | "iot";
  /** A name or an ARN; `make` if there is no such role. */
  role: { name: string; make: boolean } | undefined;
  slots: SlotKeys;
  warnings: string[];
}

/** What `fota init --local` does not ask for: the stand-in is for trying out, with virtual devices. */
const STAND_IN_USUAL = { bucket: "firmware", presign: "cli", slot: "any" } as const;

/**
 * Looks up what it can and asks for the rest.
 * @throws {FotaError} USAGE when something is missing and cannot be asked for; translated AWS errors
 */
export async function resolveSetup(context: Context, options: InitOptions): Promise<Setup> {
  const { host, output, settings } = context;
  const { env, signal } = host;
  const { file } = settings;
  const usual = settings.local ? STAND_IN_USUAL : undefined;
  const { access, identity } = await findIdentity(context);
  const { region } = identity;
  const { caller } = await callerIdentity(openSts(access, identity, signal));
  if (!("account" in caller)) throw caller;
  output.note(`account ${caller.account} (${caller.arn}), region ${region}`);

  return await withService(openS3(access, signal), async (s3) => {
    const bucket =
      options.bucket ??
      readVariable(env, "FOTA_BUCKET") ??
      file.bucket ??
      usual?.bucket ??
      (await askBucket(output, region, () => listBuckets(s3, region)));
    const said = options.presign ?? (options.role === undefined ? file.presign : "iot");
    const presign =
      said ??
      usual?.presign ??
      (await askPresign(output, identity.credentialsExpireAt, options.yes ?? false));
    const role =
      presign === "iot"
        ? (options.role ?? readVariable(env, "FOTA_ROLE") ?? file.role ?? (await askRole(output)))
        : options.role;
    const slots = await resolveSlotKeys(output, options, file, usual?.slot);
    checkBucketName(bucket);
    const prefix = resolvePrefix(options, { file, env: {} });
    const { by } = resolvePresign({ presign, ...(role !== undefined && { role }) }, { file: {}, env: {} });
    const scope = { region, account: caller.account, bucket, prefix };
    const makeBucket = await isMissing(s3, bucket);
    const found =
      role === undefined ? undefined : await findRole(role, scope, openIam(access, identity, signal));
    return {
      access,
      identity,
      scope,
      makeBucket,
      presign: by,
      role: role === undefined ? undefined : { name: role, make: found?.make ?? false },
      slots,
      warnings: found?.warnings ?? [],
    };
  });
}

/** Creates what is missing and returns the names of what it created. */
export async function make({ access, identity, scope, makeBucket, role }: Setup, signal: AbortSignal) {
  const made: string[] = [];
  if (makeBucket) {
    await withService(openS3(access, signal), (s3) => makeSafeBucket(s3, scope));
    made.push(`bucket ${scope.bucket}`);
  }
  if (role?.make === true) {
    const roleName = role.name;
    const iam = openIam(access, identity, signal);
    await createRole(iam, { roleName, trustPolicy: JSON.stringify(trustPolicy(scope)) });
    const policy = JSON.stringify(imagesPolicy(scope));
    await putRolePolicy(iam, { roleName, policyName: IMAGES_POLICY_NAME, policy }).catch((error: unknown) => {
      throw withoutPolicy(
        error,
        `${roleName} --policy-name ${IMAGES_POLICY_NAME} --policy-document '${policy}'`,
      );
    });
    made.push(`role ${roleName}`);
  }
  return made;
}

/** Adds the remaining step to an error: the next run would find the role and take it for complete. */
function withoutPolicy(error: unknown, policy: string): unknown {
  if (!isFotaError(error)) return error;
  const hint = `the role exists, but it cannot read anything yet: \`aws iam put-role-policy --role-name ${policy}\``;
  return new FotaError(error.code, error.message, { hint, cause: error });
}

async function makeSafeBucket(s3: S3, { bucket, region }: PolicyScope): Promise<void> {
  await createBucket(s3, bucket, region);
  await blockPublicAccess(s3, bucket);
  await enableVersioning(s3, bucket);
}

async function findIdentity(context: Context) {
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
  return await withService(openIot(access, signal), (iot) => iot.identity());
}

async function isMissing(s3: S3, bucket: string): Promise<boolean> {
  try {
    await checkBucket(s3, bucket);
    return false;
  } catch (error) {
    if (isFotaError(error, "BUCKET_NOT_FOUND")) return true;
    throw error;
  }
}

async function findRole(
  role: string,
  scope: PolicyScope,
  iam: Iam,
): Promise<{ make: boolean; warnings: string[] }> {
  try {
    const verdict = await checkRole(role, scope, (name) => getRole(iam, name));
    return { make: false, warnings: verdict.status === "warn" ? [verdict.message] : [] };
  } catch (error) {
    const isName = !role.startsWith("arn:");
    if (isName && isFotaError(error, "ROLE_NOT_FOUND")) return { make: true, warnings: [] };
    throw error;
  }
}
