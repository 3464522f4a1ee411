import { formatSeconds } from "../terminal/format.js";

/** This machine's clock is wrong by so much, or not, by what services say in `Date`. */
export interface ServerClock {
  /** Takes the `date` header of an answer, which was true between these two times of ours. */
  observe(date: string | undefined, askedMs: number, answeredMs: number): void;
  /** Seconds that this machine is ahead of the services, negative behind; `undefined`: none has said its time. */
  aheadSeconds(): number | undefined;
}

/** STS and IoT take signatures that are 5 minutes off, S3 15. Source: AWS, "Troubleshoot Signature Version 4". */
export const SKEW_FAIL_SECONDS = 300;
/** What is less harms nothing and may come from a slow answer. */
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

/** Reads a `date` header; `undefined`: there is none, or it is not a date. */
export function parseHttpDate(text: string | undefined): Date | undefined {
  const time = new Date(text ?? "");
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** `serverTime` is to the second, and was true at some time between the request and its answer. */
export function aheadSeconds(serverTime: Date, askedMs: number, answeredMs: number): number {
  const serverMs = serverTime.getTime();
  const behindMs = Math.max(0, serverMs - answeredMs);
  const aheadMs = Math.max(0, askedMs - serverMs - 999);
  return behindMs > 0 ? -Math.round(behindMs / 1000) : Math.round(aheadMs / 1000);
}

/** As in "this machine's clock is 2 h ahead", or "... ahead of AWS's", "... behind AWS's" where `of` says of whose. */
export function formatSkew(
  ahead: number,
  { whose = "this machine's clock", of }: { whose?: string; of?: string } = {},
): string {
  const where = ahead < 0 ? "behind" : of === undefined ? "ahead" : "ahead of";
  return [`${whose} is ${formatSeconds(Math.abs(ahead))} ${where}`, ...(of === undefined ? [] : [of])].join(
    " ",
  );
}

/** Whether AWS may refuse what this machine signs, for its clock alone. */
export function isSkewed(ahead: number | undefined): ahead is number {
  return ahead !== undefined && Math.abs(ahead) >= SKEW_WARN_SECONDS;
}
