import { FotaError, isFotaError, messageOf, nearestOf } from "@fota/shared";
import { given } from "../given.js";
import { type CredentialChoice, profileText } from "./credential-choice.js";
import { codeOfAwsError, nameOf, translateAwsError } from "./errors.js";
import type { SharedConfig } from "./shared-config.js";
import { nodeCodesOf } from "./unreachable.js";

// Each function explains one reason why there are no credentials, with a hint.

const NAMES_SHOWN = 5;

export function profileMissing(
  choice: Extract<CredentialChoice, { from: "profile" }>,
  shared: SharedConfig,
): FotaError {
  return new FotaError("NO_CREDENTIALS", `there is no ${profileText(choice)} in ${filesOf(shared)}`, {
    hint: otherNames(choice.profile, shared),
  });
}

export function sourceProfileMissing(profile: string, source: string, shared: SharedConfig): FotaError {
  const message = `profile ${profile} has source_profile ${source}, which is not in ${filesOf(shared)}`;
  return new FotaError("NO_CREDENTIALS", message, { hint: otherNames(source, shared) });
}

export function profileCycle(names: readonly string[]): FotaError {
  return new FotaError("NO_CREDENTIALS", `source_profile goes in a circle: ${names.join(" -> ")}`, {
    hint: "give the last profile credentials of its own",
  });
}

/** The aws command refuses such a profile too: keys in addition to the role would be a second identity. */
export function roleSourceUnclear(profile: string, stated: number): FotaError {
  const what = stated === 0 ? "neither source_profile nor" : "both source_profile and";
  return new FotaError("NO_CREDENTIALS", `profile ${profile} has role_arn with ${what} credential_source`, {
    hint: "set one of them in the profile: it names the credentials that assume the role",
  });
}

export function mfaNeeded(profile: string, serial: string): FotaError {
  const message = `profile ${profile} needs a code of the MFA device ${serial}, which fota does not ask for`;
  return new FotaError("NO_CREDENTIALS", message, {
    hint: `run \`eval "$(aws configure export-credentials --profile ${profile} --format env)"\`, then the same command without --profile`,
  });
}

export function ssoSessionMissing(profile: string, session: string, { configPath }: SharedConfig): FotaError {
  const message = `profile ${profile} has sso_session ${session}, which is not in ${configPath}`;
  return new FotaError("NO_CREDENTIALS", message, {
    hint: `add [sso-session ${session}], such as with \`aws configure sso-session\``,
  });
}

export function ssoUnusable(profile: string, cause: unknown): FotaError {
  if (isOtherFault(cause)) return cause;
  const own = isFotaError(cause) ? (cause.cause ?? cause) : cause;
  const message = `the SSO session of profile ${profile} has ended, or there is none: ${firstLine(own)}`;
  return new FotaError("NO_CREDENTIALS", message, {
    hint: `run \`aws sso login --profile ${profile}\``,
    cause: own,
  });
}

export function roleRefused(
  profile: string,
  roleArn: string,
  cause: unknown,
  endpoint: string | undefined,
): FotaError {
  return translateAwsError(cause, {
    doing: `assume role ${roleArn} for profile ${profile}`,
    action: `sts:AssumeRole on that role, and its trust policy must name them`,
    endpoint,
  });
}

export function webIdentityUnusable(
  said: string,
  { file, roleArn }: { file: string; roleArn: string },
  cause: unknown,
  endpoint: string | undefined,
): FotaError {
  const [code] = nodeCodesOf(cause);
  if (code === "ENOENT" || code === "EACCES" || code === "EISDIR") {
    const why = { ENOENT: "does not exist", EACCES: "may not be read", EISDIR: "is a folder" }[code];
    return new FotaError("NO_CREDENTIALS", `the web identity token file ${file} of ${said} ${why}`, {
      hint: "check that the service that writes the token runs, or unset AWS_WEB_IDENTITY_TOKEN_FILE",
      cause,
    });
  }
  if (codeOfAwsError(cause) === "ENDPOINT_UNREACHABLE") return roleRefused(said, roleArn, cause, endpoint);
  const message = `the web identity in ${file} is refused for role ${roleArn}: ${nameOf(cause)}: ${firstLine(cause)}`;
  return new FotaError("CREDENTIALS_REFUSED", message, {
    hint: "check that the token is fresh and that the role's trust policy names its issuer and subject",
    cause,
  });
}

export function noCredentialsAnywhere(
  choice: CredentialChoice,
  shared: SharedConfig,
  { asked, cause }: { asked: string | undefined; cause?: unknown },
): FotaError {
  const files =
    choice.from === "profile"
      ? `${profileText(choice)} has no credentials`
      : `no keys in the environment, and no profile default with credentials in ${filesOf(shared)}`;
  const machine = asked === undefined ? "" : `; ${asked} gave none: ${firstLine(cause)}`;
  const names = Object.keys(shared.profiles);
  const named =
    names.length > 0 && choice.from !== "profile"
      ? ` (there ${names.length === 1 ? "is" : "are"} ${formatNames(names)})`
      : "";
  return new FotaError("NO_CREDENTIALS", `no AWS credentials were found: ${files}${machine}`, {
    hint: `name a profile with --profile${named}, log in (\`aws sso login\`), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --local with \`fota local\``,
    ...given({ cause }),
  });
}

/** Returns whether the credentials are not at fault, as when the network is down. */
function isOtherFault(cause: unknown): cause is FotaError {
  return (
    isFotaError(cause) &&
    cause.code !== "NO_CREDENTIALS" &&
    cause.code !== "AWS_ERROR" &&
    cause.code !== "CREDENTIALS_REFUSED"
  );
}

function otherNames(wanted: string, { profiles }: SharedConfig): string {
  const names = Object.keys(profiles);
  const near = nearestOf(wanted, names);
  if (near.length > 0) return `did you mean ${near.join(" or ")}?`;
  if (names.length === 0) return "`aws configure sso` or `aws configure` writes one";
  return `there ${names.length === 1 ? "is" : "are"} ${formatNames(names)}`;
}

function formatNames(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return `${names.slice(0, NAMES_SHOWN).join(", ")}${more}`;
}

function filesOf({ configPath, credentialsPath }: SharedConfig): string {
  return `${configPath} or ${credentialsPath}`;
}

function firstLine(error: unknown): string {
  return (messageOf(error).split("\n")[0] ?? "").slice(0, 300);
}
