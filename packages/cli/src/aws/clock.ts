import { formatSeconds } from "../terminal/format.js";

/** Compares this machine's clock with the `Date` headers of services. */
export interface ServerClock {
  /** Notes the `date` header of an answer and this machine's times of the request and the answer. */
  observe(date: string | undefined, askedMs: number, answeredMs: number): void;
  /**
   * Returns how many seconds this machine is ahead of the services, negative if behind; `undefined`: no answer had a
   * date.
   */
  aheadSeconds(): number | undefined;
}

/**
 * STS and IoT accept signatures that are up to 5 minutes off, S3 up to 15. Source: AWS, "Troubleshoot Signature Version
 * 4".
 */
export const SKEW_FAIL_SECONDS = 300;
/** A smaller difference does no harm and may come from a slow answer. */
export const SKEW_WARN_SECONDS = 30;
export const SET_CLOCK = "set this machine's clock, such as `timedatectl set-ntp true`";

export function createClock(): ServerClock {
  let ahead: number | undefined;
  return {
    observe(date, askedMs, answeredMs) {
      const time = parseHttpDate(date);
      if (time !== undefined) ahead = aheadSeconds(time, askedMs, answeredMs);
    },
    aheadSeconds: () => ahead,
  };
}

/** Parses a `date` header; `undefined`: it is absent or not a date. */
export function parseHttpDate(text: string | undefined): Date | undefined {
  const time = new Date(text ?? "");
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/**
 * Returns how many seconds this machine is ahead. `serverTime` has whole seconds and lies between the request and the
 * answer.
 */
export function aheadSeconds(serverTime: Date, askedMs: number, answeredMs: number): number {
  const serverMs = serverTime.getTime();
  const behindMs = Math.max(0, serverMs - answeredMs);
  const aheadMs = Math.max(0, askedMs - serverMs - 999);
  return behindMs > 0 ? -Math.round(behindMs / 1000) : Math.round(aheadMs / 1000);
}

/**
 * Returns "this machine's clock is 2 h ahead", or "... ahead of AWS's", "... behind AWS's" where `of` names the owner.
 */
export function formatSkew(
  ahead: number,
  { whose = "this machine's clock", of }: { whose?: string; of?: string } = {},
): string {
  const where = ahead < 0 ? "behind" : of === undefined ? "ahead" : "ahead of";
  return [`${whose} is ${formatSeconds(Math.abs(ahead))} ${where}`, ...(of === undefined ? [] : [of])].join(
    " ",
  );
}

/** Returns whether AWS may refuse what this machine signs because of its clock alone. */
export function isSkewed(ahead: number | undefined): ahead is number {
  return ahead !== undefined && Math.abs(ahead) >= SKEW_WARN_SECONDS;
}
