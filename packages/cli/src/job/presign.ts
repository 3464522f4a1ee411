import {
  FotaError,
  IOT_PRESIGN_MAX_SECONDS,
  IOT_PRESIGN_MIN_SECONDS,
  PRESIGN_MAX_SECONDS,
} from "@fota/shared";
import { parseDurationSeconds } from "../settings/flags.js";
import type { SettingSources } from "../settings/settings.js";
import { readVariable } from "../settings/stray-character.js";
import type { JobOptions } from "./job-options.js";

/** Says who presigns the URL that devices download from. */
export type Presign =
  /** The cli presigns, once; `undefined`: for as long as possible. */
  | { by: "cli"; expiresInSeconds: number | undefined }
  /** AWS IoT presigns each time a device asks for the document, as `role`: a name or an ARN. */
  | { by: "iot"; expiresInSeconds: number; role: string };

/** Says who presigned for an earlier job, as far as AWS IoT reports it. */
export type PriorPresign =
  | { by: "cli" }
  | { by: "iot"; role: string | undefined; expiresInSeconds: number | undefined };

/** A device has no chance to use a URL that expires sooner. */
const EXPIRES_MIN_SECONDS = 60;

/**
 * Resolves who presigns: the options, then `prior`, then the settings. The role and the lifetime in `prior` come from
 * AWS IoT and apply only if AWS IoT presigns again.
 * @throws {FotaError} USAGE, EXPIRES_INVALID
 */
export function resolvePresign(
  options: Pick<JobOptions, "presign" | "role" | "expires">,
  { file, env }: SettingSources,
  prior?: PriorPresign,
): Presign {
  const by = options.presign ?? prior?.by ?? file.presign ?? "cli";
  const setting = readVariable(env, "FOTA_EXPIRES") ?? file.expires;
  if (by === "cli") {
    if (options.role !== undefined) {
      throw new FotaError("USAGE", "--role is for --presign iot, where AWS IoT presigns the URL");
    }
    const expires = options.expires ?? setting;
    return { by, expiresInSeconds: checkExpires(expires, EXPIRES_MIN_SECONDS, PRESIGN_MAX_SECONDS) };
  }
  if (by !== "iot") {
    throw new FotaError("USAGE", `--presign must be cli or iot, got ${JSON.stringify(by)}`);
  }
  const before = prior?.by === "iot" ? prior : undefined;
  const role = checkRole(options.role ?? before?.role ?? readVariable(env, "FOTA_ROLE") ?? file.role);
  if (options.expires === undefined && before?.expiresInSeconds !== undefined) {
    return { by, role, expiresInSeconds: before.expiresInSeconds };
  }
  const expires = options.expires ?? setting;
  const seconds = checkExpires(expires, IOT_PRESIGN_MIN_SECONDS, IOT_PRESIGN_MAX_SECONDS);
  return { by, role, expiresInSeconds: seconds ?? IOT_PRESIGN_MAX_SECONDS };
}

function checkRole(role: string | undefined): string {
  if (role === undefined) {
    throw new FotaError("USAGE", "--presign iot needs --role, the role that AWS IoT assumes to presign", {
      hint: "give its name or ARN, set FOTA_ROLE, or write `role` into fota.config.json",
    });
  }
  const isName = /^[\w+=,.@-]{1,64}$/.test(role);
  if (isName || /^arn:[a-z-]+:iam::\d{12}:role\/[!-~]{1,512}$/.test(role)) return role;
  throw new FotaError("USAGE", `${JSON.stringify(role)} is neither the name nor the ARN of an IAM role`);
}

function checkExpires(text: string | undefined, minSeconds: number, maxSeconds: number): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDurationSeconds(text);
  if (seconds !== undefined && seconds >= minSeconds && seconds <= maxSeconds) return seconds;
  const isIot = maxSeconds === IOT_PRESIGN_MAX_SECONDS;
  const range = isIot ? "60s to 1h with --presign iot" : "60s to 7d";
  throw new FotaError("EXPIRES_INVALID", `--expires must be from ${range}, got ${JSON.stringify(text)}`, {
    hint: isIot
      ? "AWS IoT presigns a new URL each time a device asks, so an hour is enough"
      : "write 90s, 30m, 12h, 7d or a number of seconds; S3 allows no more than 7 days",
  });
}
