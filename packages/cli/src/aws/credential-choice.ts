import { FotaError } from "@fota/shared";
import { readVariable } from "../settings/stray-character.js";

/** Says where the user's settings look for credentials; whether they exist there is found out later. */
export type CredentialChoice =
  | {
      from: "keys";
      accessKeyId: string;
      secretAccessKey: string;
      sessionToken: string | undefined;
      /** The time of expiry, where the tool that issued temporary keys sets it; `undefined`: not known. */
      expiration: Date | undefined;
    }
  /** `stated`: where the profile is named, in words that people know. */
  | {
      from: "profile";
      profile: string;
      stated: "--profile" | "AWS_PROFILE" | "AWS_DEFAULT_PROFILE" | "the settings file";
    }
  /** The profile `default`, a web identity, or the machine that fota runs on. */
  | { from: "default" };

export interface ChosenCredentials {
  choice: CredentialChoice;
  /** Names the profile for other settings, such as the region; the AWS tools use it together with keys too. */
  profile: string | undefined;
  /** Names another source that was configured and has no effect, as text; `undefined`: there is none. */
  ignored: string | undefined;
}

interface CredentialSettings {
  /** `--profile`. */
  flag: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  /** `profile` of fota.config.json. */
  file: string | undefined;
}

/**
 * Chooses as the AWS tools do: `--profile`, keys in the environment, AWS_PROFILE; then the settings file.
 * @throws {FotaError} NO_CREDENTIALS when one half of a key pair is missing, CONFIG_INVALID when a variable has stray
 * characters
 */
export function chooseCredentials({ flag, env, file }: CredentialSettings): ChosenCredentials {
  const named = namedProfile({ flag, env, file });
  const hasKeys = Boolean(env["AWS_ACCESS_KEY_ID"]);
  if (named?.stated === "--profile") {
    return { choice: named, profile: flag, ignored: hasKeys ? "the keys in the environment" : undefined };
  }
  const keys = keysIn(env);
  if (keys !== undefined) {
    return { choice: keys, profile: named?.profile, ignored: named && profileText(named) };
  }
  const other = named?.stated === "the settings file" || file === undefined || file === named?.profile;
  return {
    choice: named ?? { from: "default" },
    profile: named?.profile,
    ignored: other ? undefined : `profile ${file} of the settings file`,
  };
}

/** Returns text as in "profile ci of AWS_PROFILE". */
export function profileText({ profile, stated }: Extract<CredentialChoice, { from: "profile" }>): string {
  return `profile ${profile} of ${stated}`;
}

function namedProfile({ flag, env, file }: CredentialSettings) {
  if (flag !== undefined) return { from: "profile", profile: flag, stated: "--profile" } as const;
  for (const stated of ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] as const) {
    const profile = readVariable(env, stated);
    if (profile !== undefined) return { from: "profile", profile, stated } as const;
  }
  if (file === undefined) return undefined;
  return { from: "profile", profile: file, stated: "the settings file" } as const;
}

function keysIn(env: CredentialSettings["env"]): Extract<CredentialChoice, { from: "keys" }> | undefined {
  const accessKeyId = readVariable(env, "AWS_ACCESS_KEY_ID");
  if (accessKeyId === undefined) return undefined;
  const secretAccessKey = readVariable(env, "AWS_SECRET_ACCESS_KEY");
  if (secretAccessKey === undefined) {
    throw new FotaError("NO_CREDENTIALS", "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not", {
      hint: "set both, or unset AWS_ACCESS_KEY_ID to use a profile",
    });
  }
  const end = new Date(readVariable(env, "AWS_CREDENTIAL_EXPIRATION") ?? "");
  const expiration = Number.isNaN(end.getTime()) ? undefined : end;
  const sessionToken = readVariable(env, "AWS_SESSION_TOKEN") ?? readVariable(env, "AWS_SECURITY_TOKEN");
  return { from: "keys", accessKeyId, secretAccessKey, sessionToken, expiration };
}
