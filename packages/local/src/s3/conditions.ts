/** Conditional requests. Sources: S3 API Reference, GetObject and PutObject; RFC 9110, section 13. */
import type { ObjectRecord } from "./records.js";
import { noSuchKey, notImplemented, preconditionFailed } from "./s3-errors.js";

type Headers = Readonly<Record<string, string>>;
type Found = Pick<ObjectRecord, "etag" | "modifiedMs">;

/** Names of the four headers; CopyObject has them with a prefix. */
const NAMES = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"] as const;

/**
 * Whether a read gets the object (`true`) or the answer that it has not changed (`false`).
 *
 * @throws {AwsError} PreconditionFailed
 */
export function readConditionsHold(headers: Headers, found: Found, prefix = ""): boolean {
  const [match, noneMatch, modifiedSince, unmodifiedSince] = NAMES.map((name) => headers[prefix + name]);
  if (match !== undefined) {
    if (!matches(match, found.etag)) throw preconditionFailed(`${prefix}If-Match`);
  } else if (unmodifiedSince !== undefined && secondsOf(found) > parseDate(unmodifiedSince)) {
    throw preconditionFailed(`${prefix}If-Unmodified-Since`);
  }
  if (noneMatch !== undefined) return !matches(noneMatch, found.etag);
  return !(modifiedSince !== undefined && secondsOf(found) <= parseDate(modifiedSince));
}

/**
 * Holds a write against what is there now; called when it is about to become visible.
 *
 * @throws {AwsError} PreconditionFailed; NoSuchKey for If-Match on nothing; NotImplemented for an If-None-Match that
 * is not `*`, as S3 has it
 */
export function checkWriteConditions(headers: Headers, key: string, existing: Found | undefined): void {
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined && noneMatch !== "*") throw notImplemented(`If-None-Match: ${noneMatch}`);
  if (noneMatch === "*" && existing !== undefined) throw preconditionFailed("If-None-Match");
  const match = headers["if-match"];
  if (match === undefined) return;
  if (existing === undefined) throw noSuchKey(key);
  if (!matches(match, existing.etag)) throw preconditionFailed("If-Match");
}

/** Whether `If-Range`, where there is one, still names this object: else the range does not count. */
export function rangeStillCounts(ifRange: string | undefined, found: Found): boolean {
  if (ifRange === undefined) return true;
  return ifRange.startsWith('"') ? matches(ifRange, found.etag) : secondsOf(found) === parseDate(ifRange);
}

/** `list`: `*`, or ETags with or without quotes. */
function matches(list: string, etag: string): boolean {
  return list.split(",").some((each) => {
    const wanted = each.trim().replace(/^"(.*)"$/, "$1");
    return wanted === "*" || wanted === etag;
  });
}

/** `Last-Modified` has whole seconds. */
function secondsOf(found: Found): number {
  return Math.floor(found.modifiedMs / 1000) * 1000;
}

/** A date that cannot be read is no condition: every comparison with it is false. */
function parseDate(text: string): number {
  return Date.parse(text);
}
