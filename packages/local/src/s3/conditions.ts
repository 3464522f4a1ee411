/** Conditional requests. Sources: S3 API Reference, GetObject and PutObject; RFC 9110, section 13. */
import type { ObjectRecord } from "./records.js";
import { noSuchKey, notImplemented, preconditionFailed } from "./s3-errors.js";
import { wholeSeconds } from "./wire.js";

type Headers = Readonly<Record<string, string>>;
type Found = Pick<ObjectRecord, "etag" | "modifiedMs">;

/** Names of the four headers; CopyObject has them with a prefix. */
const NAMES = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"] as const;

/**
 * The condition of a read that says the object has not changed; `undefined`: the read gets the object. A date that is
 * still to come is no condition (RFC 9110, 13.1.3).
 *
 * @throws {AwsError} PreconditionFailed
 */
export function unchangedBy(headers: Headers, found: Found, nowMs: number, prefix = ""): string | undefined {
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
 * Holds a write against what is there now; called when it is about to become visible.
 *
 * @throws {AwsError} PreconditionFailed; NoSuchKey for If-Match on nothing; NotImplemented for an If-None-Match that
 * is not `*`, an If-Match that is, and both at once, as S3 has it
 */
export function checkWriteConditions(headers: Headers, key: string, existing: Found | undefined): void {
  const { "if-none-match": noneMatch, "if-match": match } = headers;
  if (noneMatch !== undefined && match !== undefined) throw notImplemented("If-Match beside If-None-Match");
  if (noneMatch !== undefined && noneMatch !== "*") throw notImplemented(`If-None-Match: ${noneMatch}`);
  if (noneMatch === "*" && existing !== undefined) throw preconditionFailed("If-None-Match");
  if (match === undefined) return;
  if (match === "*") throw notImplemented("If-Match: *");
  if (existing === undefined) throw noSuchKey(key);
  checkMatch(match, existing);
}

/**
 * Holds a delete, or a write with If-Match, against what is there now.
 *
 * @param match `*`, or an ETag
 * @throws {AwsError} PreconditionFailed
 */
export function checkMatch(match: string, existing: Found): void {
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
  return wholeSeconds(found.modifiedMs);
}

/** A date that cannot be read is no condition: every comparison with it is false. */
function parseDate(text: string): number {
  return Date.parse(text);
}
