import { FotaError, PRESIGN_MAX_SECONDS } from "@fota/shared";
import { formatSeconds, formatTime } from "../terminal/format.js";
import type { RolloutTime } from "./rollout-time.js";

/** The longest session of AWS STS: GetSessionToken and GetFederationToken, DurationSeconds. */
const SESSION_MAX_SECONDS = 129_600;

/**
 * Returns how many seconds a URL that the cli presigns stays valid: as long as wanted, but never longer than the
 * credentials that sign it. `"unknown"`: they are temporary and do not say when they expire; `undefined`: they do not
 * expire.
 * @throws {FotaError} EXPIRES_INVALID when the wanted time is too long
 */
export function urlLifetime(
  wantedSeconds: number | undefined,
  credentialsExpireAt: Date | "unknown" | undefined,
  now: Date,
): { expiresInSeconds: number; warnings: string[] } {
  const wanted = wantedSeconds ?? PRESIGN_MAX_SECONDS;
  if (credentialsExpireAt === undefined) return { expiresInSeconds: wanted, warnings: [] };
  if (credentialsExpireAt === "unknown") {
    if (wantedSeconds !== undefined && wantedSeconds > SESSION_MAX_SECONDS) {
      throw tooLong(wanted, `temporary credentials end within ${formatSeconds(SESSION_MAX_SECONDS)}`);
    }
    const warning =
      "the URL expires with these temporary credentials, and it is unknown when (AWS_CREDENTIAL_EXPIRATION would tell)";
    return { expiresInSeconds: Math.min(wanted, SESSION_MAX_SECONDS), warnings: [warning] };
  }
  const left = Math.floor((credentialsExpireAt.getTime() - now.getTime()) / 1000);
  if (left >= wanted) return { expiresInSeconds: wanted, warnings: [] };
  const end = formatTime(credentialsExpireAt.toISOString());
  if (wantedSeconds !== undefined || left < 60) throw tooLong(wanted, `these credentials end at ${end}`);
  const warning = `the URL expires with these credentials, at ${end}: a device that is off until then cannot update`;
  return { expiresInSeconds: left, warnings: [warning] };
}

function tooLong(wantedSeconds: number, why: string): FotaError {
  return new FotaError(
    "EXPIRES_INVALID",
    `the URL cannot stay valid for ${formatSeconds(wantedSeconds)}: ${why}`,
    {
      hint: "give a shorter --expires, use --presign iot, or use credentials that last longer (an IAM user's key does not expire)",
    },
  );
}

/** Refuses a rollout whose last device could start only after the URL has expired. @throws {FotaError} URL_OUTLIVED */
export function checkOutlived({ lastStartSeconds, because }: RolloutTime, expiresInSeconds: number): void {
  if (lastStartSeconds !== undefined && lastStartSeconds <= expiresInSeconds) return;
  const when =
    lastStartSeconds === undefined
      ? "the rollout has no end"
      : `the last device may start only after ${formatSeconds(lastStartSeconds)}`;
  const why = because.length > 0 ? ` (${because.join("; ")})` : "";
  throw new FotaError(
    "URL_OUTLIVED",
    `the URL works for ${formatSeconds(expiresInSeconds)}, but ${when}${why}`,
    {
      hint: `use --presign iot --role <role>, so that AWS IoT presigns a fresh URL each time a device asks${
        lastStartSeconds === undefined ? ", or give an --end within the life of the URL" : ""
      }`,
    },
  );
}
