import { FotaError } from "@fota/shared";
import { memoize } from "@smithy/core/config";
import { given } from "../given.js";
import type { Host } from "../host.js";
import { wallClockMs } from "../wall-clock.js";
import type { CredentialChoice } from "./credential-choice.js";
import {
  mfaNeeded,
  noCredentialsAnywhere,
  profileCycle,
  profileMissing,
  roleRefused,
  roleSourceUnclear,
  sourceProfileMissing,
  ssoSessionMissing,
  ssoUnusable,
  webIdentityUnusable,
} from "./credential-faults.js";
import { runCredentialProcess } from "./credential-process.js";
import { translateAwsError } from "./errors.js";
import { logged, type OnRequest } from "./request-log.js";
import { encodeName } from "./section-names.js";
import type { Section, SharedConfig } from "./shared-config.js";
import { requestLog } from "./watch.js";

export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** The time when temporary credentials expire. */
  expiration?: Date;
}

export type CredentialProvider = () => Promise<AwsCredentials>;

export interface CredentialOptions {
  choice: CredentialChoice;
  shared: SharedConfig;
  host: Pick<Host, "env" | "signal">;
  /** Configures the client that assumes roles: region, request handler, endpoint. */
  stsConfig: Record<string, unknown>;
  stsEndpoint: string | undefined;
  onRequest: OnRequest | undefined;
}

const EXPIRES_SOON_MS = 5 * 60_000;

/**
 * Returns a provider that gets credentials from the chosen source, once, and again before they expire. A failure is
 * reported with its cause, and no other account is tried instead. The AWS SDK's own chain continues with the next
 * source after a failure and reports only the last one.
 * @throws {FotaError} NO_CREDENTIALS, CREDENTIALS_REFUSED, ACCESS_DENIED, ENDPOINT_UNREACHABLE
 */
export function credentialProvider(options: CredentialOptions): CredentialProvider {
  const { choice } = options;
  if (choice.from === "keys") {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = choice;
    const keys = {
      accessKeyId,
      secretAccessKey,
      ...given({ sessionToken, expiration }),
    };
    return async () => keys;
  }
  return memoize(
    () => find(options),
    ({ expiration }) => expiration !== undefined && expiration.getTime() - wallClockMs() < EXPIRES_SOON_MS,
    ({ expiration }) => expiration !== undefined,
  );
}

async function find(options: CredentialOptions): Promise<AwsCredentials> {
  const { choice, shared, host } = options;
  const name = choice.from === "profile" ? choice.profile : "default";
  const profile = shared.profiles[name];
  if (choice.from === "profile" && profile === undefined && name !== "default")
    throw profileMissing(choice, shared);
  const byFlag = choice.from === "profile" && choice.stated === "--profile";
  const { AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ROLE_ARN: roleArn } = host.env;
  const hasWebIdentity = !byFlag && Boolean(tokenFile) && Boolean(roleArn);
  // The aws command has the same order: a role in the profile, a web identity in the environment, the rest of the
  // profile.
  if (hasWebIdentity && !isRole(profile)) return await assumeByWebIdentity(name, undefined, options);
  if (profile !== undefined && hasCredentials(profile)) return await credentialsOfProfile(name, [], options);
  return await credentialsOfMachine(options);
}

function isRole(profile: Section | undefined): boolean {
  return profile?.["role_arn"] !== undefined && profile["web_identity_token_file"] === undefined;
}

function isSso(profile: Section): boolean {
  return profile["sso_session"] !== undefined || profile["sso_start_url"] !== undefined;
}

function hasKeys(profile: Section): boolean {
  return profile["aws_access_key_id"] !== undefined && profile["aws_secret_access_key"] !== undefined;
}

function hasCredentials(profile: Section): boolean {
  const { credential_process: command, web_identity_token_file: file, login_session: login } = profile;
  return (
    hasKeys(profile) ||
    isRole(profile) ||
    isSso(profile) ||
    [command, file, login].some((value) => value !== undefined)
  );
}

/** Reads the credentials of a profile. `visited` has the profiles that lead to it, the first one first. */
async function credentialsOfProfile(
  name: string,
  visited: readonly string[],
  options: CredentialOptions,
): Promise<AwsCredentials> {
  const { shared, host } = options;
  const profile = shared.profiles[name];
  const from = visited.at(-1);
  if (profile === undefined) throw sourceProfileMissing(from ?? name, name, shared);
  // The keys of a source profile win over its role, even if a role names itself as its source.
  const isSourceWithKeys = from !== undefined && hasKeys(profile);
  if (visited.includes(name) && !(isSourceWithKeys && from === name)) {
    throw profileCycle([...visited, name]);
  }
  if (isRole(profile) && !isSourceWithKeys)
    return await assumeRole(name, profile, [...visited, name], options);
  // From here on, the order is that of the aws command.
  if (profile["web_identity_token_file"] !== undefined)
    return await assumeByWebIdentity(name, profile, options);
  if (isSso(profile)) {
    const session = profile["sso_session"];
    if (session !== undefined && shared.ssoSessions[session] === undefined) {
      throw ssoSessionMissing(name, session, shared);
    }
    return await fromFiles(name, options).catch((cause: unknown) => {
      throw ssoUnusable(name, cause);
    });
  }
  const command = profile["credential_process"];
  const comesFirst = command === undefined || shared.keysInCredentials.has(name);
  if (hasKeys(profile) && comesFirst) return keysOf(profile);
  if (command !== undefined) return await runCredentialProcess(name, command, host);
  return await fromFiles(name, options);
}

function keysOf(profile: Section): AwsCredentials {
  const { aws_access_key_id, aws_secret_access_key, aws_security_token } = profile;
  const aws_session_token = profile["aws_session_token"] ?? aws_security_token; // the older name
  return {
    accessKeyId: aws_access_key_id ?? "",
    secretAccessKey: aws_secret_access_key ?? "",
    ...given({ sessionToken: aws_session_token }),
  };
}

async function assumeRole(
  name: string,
  profile: Section,
  visited: readonly string[],
  options: CredentialOptions,
): Promise<AwsCredentials> {
  const { role_arn: roleArn = "", source_profile: source, mfa_serial: mfa } = profile;
  if (mfa !== undefined) throw mfaNeeded(name, mfa);
  const stated = [source, profile["credential_source"]].filter((value) => value !== undefined);
  if (stated.length !== 1) throw roleSourceUnclear(name, stated.length);
  // The source must have credentials before it can assume the role; its failures are reported as its own.
  const sourceCredentials =
    source === undefined ? undefined : await credentialsOfProfile(source, visited, options);
  try {
    const assume = await roleAssumer(options);
    if (sourceCredentials === undefined) return await fromFiles(name, options, assume);
    return await assume(sourceCredentials, {
      RoleArn: roleArn,
      RoleSessionName: profile["role_session_name"] ?? `fota-${wallClockMs()}`,
      ExternalId: profile["external_id"],
      DurationSeconds: Number(profile["duration_seconds"] ?? 3600),
    });
  } catch (cause) {
    throw roleRefused(name, roleArn, cause, options.stsEndpoint);
  }
}

async function assumeByWebIdentity(
  name: string,
  profile: Section | undefined,
  options: CredentialOptions,
): Promise<AwsCredentials> {
  const { env } = options.host;
  const file = (profile ? profile["web_identity_token_file"] : env["AWS_WEB_IDENTITY_TOKEN_FILE"]) ?? "";
  const roleArn = (profile ? profile["role_arn"] : env["AWS_ROLE_ARN"]) ?? "";
  const session = profile ? profile["role_session_name"] : env["AWS_ROLE_SESSION_NAME"];
  const [{ fromTokenFile }, { getDefaultRoleAssumerWithWebIdentity }] = await Promise.all([
    import("@aws-sdk/credential-provider-web-identity"),
    import("@aws-sdk/nested-clients/sts"),
  ]);
  const provider = fromTokenFile({
    webIdentityTokenFile: file,
    roleArn,
    ...given({ roleSessionName: session }),
    roleAssumerWithWebIdentity: getDefaultRoleAssumerWithWebIdentity(options.stsConfig, stsPlugins(options)),
  });
  return await provider().catch((cause: unknown) => {
    const said = profile === undefined ? "AWS_WEB_IDENTITY_TOKEN_FILE" : `profile ${name}`;
    throw webIdentityUnusable(said, { file, roleArn }, cause, options.stsEndpoint);
  });
}

type RoleAssumer = (
  source: AwsCredentials,
  parameters: {
    RoleArn: string | undefined;
    RoleSessionName: string | undefined;
    ExternalId?: string | undefined;
    DurationSeconds?: number | undefined;
  },
) => Promise<AwsCredentials>;

async function roleAssumer(options: CredentialOptions): Promise<RoleAssumer> {
  const { getDefaultRoleAssumer } = await import("@aws-sdk/nested-clients/sts");
  return getDefaultRoleAssumer(options.stsConfig, stsPlugins(options)) as RoleAssumer;
}

function stsPlugins({ onRequest }: CredentialOptions) {
  return onRequest === undefined ? [] : [requestLog(onRequest)];
}

/** Has the SDK read the profile: only the SDK supports SSO, `aws login` and the roles of this machine. */
async function fromFiles(
  name: string,
  { shared, stsConfig, onRequest }: CredentialOptions,
  assume?: RoleAssumer,
): Promise<AwsCredentials> {
  const { fromIni } = await import("@aws-sdk/credential-provider-ini");
  const { region, requestHandler } = stsConfig;
  const provider = fromIni({
    profile: encodeName(name),
    filepath: shared.credentialsPath,
    configFilepath: shared.configPath,
    parentClientConfig: { region, requestHandler } as never,
    ...given({ roleAssumer: assume }),
  });
  try {
    return await logged(onRequest, { service: "credentials", operation: `profile ${name}` }, provider);
  } catch (cause) {
    const doing = `get credentials from profile ${name}`;
    throw translateAwsError(cause, { doing, action: "sts:AssumeRole", endpoint: undefined });
  }
}

/** Reads the credentials of the container or EC2 instance that fota runs on. */
async function credentialsOfMachine({
  choice,
  shared,
  host,
  onRequest,
}: CredentialOptions): Promise<AwsCredentials> {
  const { env } = host;
  const container =
    env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] || env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  const disabled = /^(?!false$)./i.test(env["AWS_EC2_METADATA_DISABLED"] ?? "");
  if (!container && disabled) throw noCredentialsAnywhere(choice, shared, { asked: undefined });
  try {
    if (container) {
      const { fromHttp } = await import("@aws-sdk/credential-provider-http");
      return await logged(onRequest, { service: "credentials", operation: "container" }, fromHttp({}));
    }
    const { fromInstanceMetadata } = await import("@smithy/credential-provider-imds");
    const provider = fromInstanceMetadata({ timeout: 1_000, maxRetries: 1 });
    return await logged(onRequest, { service: "credentials", operation: "instance metadata" }, provider);
  } catch (cause) {
    if (cause instanceof FotaError) throw cause;
    const service = env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] || "http://169.254.169.254";
    const asked = container
      ? `the container's credential service at ${container}`
      : `the instance metadata service (IMDS) at ${service}`;
    throw noCredentialsAnywhere(choice, shared, { asked, cause });
  }
}
