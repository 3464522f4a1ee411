/** Returns when a presigned URL expires by its parameters X-Amz-Date and X-Amz-Expires; `undefined` if it has none. */
export function signedUrlEnd(url: string): Date | undefined {
  const signed = signedUrlStart(url);
  const seconds = Number(parameterOf(url, "X-Amz-Expires") ?? Number.NaN);
  return signed === undefined || !Number.isFinite(seconds)
    ? undefined
    : new Date(signed.getTime() + seconds * 1000);
}

/** A URL is signed before its job is created, and making a large group takes time in between. */
const AHEAD_MIN_SECONDS = 60;
const BEHIND_MIN_SECONDS = 1_800;

/**
 * Returns how many seconds the clock that presigned was ahead of AWS IoT's, negative if behind, judged by the job's
 * creation; `undefined`: as far as is known, the clock was right.
 */
export function signedAheadOf(url: string, createdAt: Date | undefined): number | undefined {
  const signed = signedUrlStart(url);
  if (signed === undefined || createdAt === undefined) return undefined;
  const ahead = Math.round((signed.getTime() - createdAt.getTime()) / 1000);
  return ahead >= AHEAD_MIN_SECONDS || ahead <= -BEHIND_MIN_SECONDS ? ahead : undefined;
}

function signedUrlStart(url: string): Date | undefined {
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(parameterOf(url, "X-Amz-Date") ?? "");
  if (date === null) return undefined;
  const [, year, month, day, hour, minute, second] = date;
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function parameterOf(url: string, name: string): string | undefined {
  if (!URL.canParse(url)) return undefined; // a placeholder of AWS IoT
  return new URL(url).searchParams.get(name) ?? undefined;
}

/** Returns a URL to show to people, without the signature that makes it usable. */
export function bareUrl(url: string): string {
  return url.replace(/\?.*$/s, "?...");
}
