import { hintOf, isFotaError } from "@fota/shared";
import { aheadSeconds, formatSkew, SET_CLOCK, SKEW_FAIL_SECONDS, SKEW_WARN_SECONDS } from "../aws/clock.js";
import type { Caller } from "../aws/sts.js";
import { urlLifetime } from "../publish/url-lifetime.js";
import { formatSeconds } from "../terminal/format.js";
import { fail, ok, type Verdict, warn } from "./verdict.js";

/** Checks this machine's clock. `serverTime` has whole seconds and lies between the request and the answer. */
export function judgeClock(serverTime: Date, askedMs: number, answeredMs: number): Verdict {
  return judgeSkew(aheadSeconds(serverTime, askedMs, answeredMs));
}

/** Judges how many seconds this machine is ahead of AWS, negative if behind. */
export function judgeSkew(ahead: number): Verdict {
  const seconds = Math.abs(ahead);
  if (seconds < 1) return ok("agrees with AWS");
  const off = formatSkew(ahead);
  if (seconds >= SKEW_FAIL_SECONDS) return fail(`${off}: AWS refuses what it signs`, SET_CLOCK);
  const effect = ahead < 0 ? "presigned URLs expire early" : "presigned URLs are not valid at once";
  return seconds >= SKEW_WARN_SECONDS
    ? warn(`${off}: ${effect}`, SET_CLOCK)
    : ok(`${off}: small enough to do no harm`);
}

/** Reports whose credentials these are, and whether they last as long as the URLs that they presign. */
export function judgeCredentials(
  { account, arn }: Caller,
  credentialsExpireAt: Date | undefined,
  /** `null`: AWS IoT presigns; `undefined`: as long as possible. */
  urlSeconds: number | null | undefined,
  now: Date,
): Verdict {
  const left = credentialsExpireAt && Math.floor((credentialsExpireAt.getTime() - now.getTime()) / 1000);
  const end =
    left === undefined ? "they do not expire" : `they expire in ${formatSeconds(Math.max(0, left))}`;
  const who = `${arn} of account ${account}; ${end}`;
  if (left !== undefined && left <= 0) return fail(who, "log in again, such as `aws sso login`");
  if (urlSeconds === null) return ok(who);
  try {
    const [warning] = urlLifetime(urlSeconds, credentialsExpireAt, now).warnings;
    const hint = "use --presign iot --role <role>, or the key of an IAM user, which does not expire";
    return warning === undefined ? ok(who) : warn(`${who}; ${warning}`, hint);
  } catch (error) {
    if (!isFotaError(error, "EXPIRES_INVALID")) throw error;
    return fail(`${who}; ${error.message}`, hintOf(error));
  }
}
