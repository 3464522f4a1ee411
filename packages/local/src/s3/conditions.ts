/** Conditional requests. Sources: S3 API Reference, GetObject and PutObject; RFC 9110, section 13. */
import type { ObjectRecord } from "./records.js";
import { noSuchKey, notImplemented, preconditionFailed } from "./s3-errors.js";
import { wholeSeconds } from "./wire.js";

type Headers = Readonly<Record<string, string>>;
type Found = Pick<ObjectRecord, "etag" | "modifiedMs">;

/** Names of the four headers; CopyObject adds a prefix. */
const NAMES = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"] as const;

/**
 * Returns the name of the condition by which the object counts as unchanged, so that a read returns 304; `undefined` if
 * the read returns the object. A date in the future is ignored (RFC 9110, 13.1.3).
 *
 * @throws {AwsError} PreconditionFailed
 */
export function findUnchangedCondition(
  headers: Headers,
  found: Found,
  nowMs: number,
  prefix = "",
): string | undefined {
  const [match, noneMatch, modifiedSince, unmodifiedSince] = NAMES.map((name) => headers[prefix + name]);
  if (match !== undefined) {
    if (!matches(match, found.etag)) throw preconditionFailed(`${prefix}If-Match`);
  } else if (unmodifiedSince !== undefined && secondsOf(found) > parseDate(unmodifiedSince)) {
    throw preconditionFailed(`${prefix}If-Unmodified-Since`);
  }
  if (noneMatch !== undefined) return matches(noneMatch, found.etag) ? `${prefix}If-None-Match` : undefined;
  const sinceMs = parseDate(modifiedSince ?? "");
  return secondsOf(found) <= sinceMs && sinceMs <= nowMs ? `${prefix}If-Modified-Since` : undefined;
}

/**
 * Checks the conditions of a write against the existing object. Call it right before the write becomes visible.
 *
 * @throws {AwsError} PreconditionFailed; NoSuchKey for If-Match without an object; as at S3, NotImplemented for an
 * If-None-Match other than `*`, for `If-Match: *`, and for both headers at once
 */
export function checkWriteConditions(headers: Headers, key: string, existing: Found | undefined): void {
  const { "if-none-match": noneMatch, "if-match": match } = headers;
  if (noneMatch !== undefined && match !== undefined)
    throw notImplemented("If-Match together with If-None-Match");
  if (noneMatch !== undefined && noneMatch !== "*") throw notImplemented(`If-None-Match: ${noneMatch}`);
  if (noneMatch === "*" && existing !== undefined) throw preconditionFailed("If-None-Match");
  if (match === undefined) return;
  if (match === "*") throw notImplemented("If-Match: *");
  if (existing === undefined) throw noSuchKey(key);
  checkMatch(match, existing);
}

/**
 * Checks the If-Match of a delete or a write against the existing object.
 *
 * @param match `*`, or an ETag
 * @throws {AwsError} PreconditionFailed
 */
export function checkMatch(match: string, existing: Found): void {
  if (!matches(match, existing.etag)) throw preconditionFailed("If-Match");
}

/** Returns whether `If-Range` is missing or matches the object; if not, the range must be ignored. */
export function ifRangeHolds(ifRange: string | undefined, found: Found): boolean {
  if (ifRange === undefined) return true;
  return ifRange.startsWith('"') ? matches(ifRange, found.etag) : secondsOf(found) === parseDate(ifRange);
}

/** `list` is `*`, or a list of ETags with or without quotes. */
function matches(list: string, etag: string): boolean {
  return list.split(",").some((each) => {
    const wanted = each.trim().replace(/^"(.*)"$/, "$1");
    return wanted === "*" || wanted === etag;
  });
}

/** `Last-Modified` has whole seconds. */
function secondsOf(found: Found): number {
  return wholeSeconds(found.modifiedMs);
}

/** Returns NaN for an invalid date: all comparisons with it are false, so the condition is ignored. */
function parseDate(text: string): number {
  return Date.parse(text);
}
