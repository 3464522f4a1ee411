/**
 * Tags of objects. Sources: S3 User Guide, "Categorizing your objects using tags"; S3 API Reference, PutObjectTagging.
 */
import { AwsError } from "../errors.js";
import type { S3Operation } from "./operation.js";
import { readXmlBody } from "./payload.js";
import type { BucketRecord, ObjectRecord } from "./records.js";
import { invalidArgument } from "./s3-errors.js";
import { requestedVersion, requireObject, versionHeaders } from "./versions.js";
import { buildXml, childrenOf, childText, parseXml } from "./xml.js";

const MAX_TAGS = 10;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;

/** Parses `x-amz-tagging`, which has the form of a query. @throws {AwsError} InvalidArgument, InvalidTag */
export function parseTagHeader(header: string | undefined): Record<string, string> {
  const pairs = [...new URLSearchParams(header ?? "")];
  if (pairs.length > MAX_TAGS) {
    throw invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      "x-amz-tagging",
      header ?? "",
    );
  }
  return checkTags(pairs);
}

/** @throws {AwsError} InvalidTag, BadRequest */
function checkTags(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  if (pairs.length > MAX_TAGS) {
    throw new AwsError("BadRequest", 400, `Object tags cannot be greater than ${MAX_TAGS}`);
  }
  const tags = new Map<string, string>();
  for (const [key, value] of pairs) {
    if (tags.has(key)) throw invalidTag("Cannot provide multiple Tags with the same key", key);
    if (key === "" || key.length > MAX_KEY_LENGTH)
      throw invalidTag("The TagKey you have provided is invalid", key);
    if (value.length > MAX_VALUE_LENGTH) throw invalidTag("The TagValue you have provided is invalid", key);
    tags.set(key, value);
  }
  return Object.fromEntries(tags);
}

function invalidTag(message: string, key: string): AwsError {
  return new AwsError("InvalidTag", 400, message, { TagKey: key });
}

export const getObjectTagging: S3Operation = (request, state) => {
  const object = requireObject(state, request.bucket, request.key, requestedVersion(request, state));
  const Tag = Object.entries(object.tags).map(([Key, Value]) => ({ Key, Value }));
  return {
    status: 200,
    headers: bucketVersionHeaders(state.store.bucket(request.bucket), object),
    xml: buildXml("Tagging", { TagSet: { Tag } }),
  };
};

export const putObjectTagging: S3Operation = async (request, state) => {
  const object = requireObject(state, request.bucket, request.key, requestedVersion(request, state));
  const tagging = parseXml((await readXmlBody(request)).text, "Tagging");
  const set = childrenOf(tagging, "TagSet")[0] ?? "";
  const pairs = childrenOf(set, "Tag").map(
    (tag) => [childText(tag, "Key") ?? "", childText(tag, "Value") ?? ""] as const,
  );
  await state.store.setTags(request.bucket, object, checkTags(pairs));
  return { status: 200, headers: bucketVersionHeaders(state.store.bucket(request.bucket), object) };
};

export const deleteObjectTagging: S3Operation = async (request, state) => {
  const object = requireObject(state, request.bucket, request.key, requestedVersion(request, state));
  await state.store.setTags(request.bucket, object, {});
  return { status: 204, headers: bucketVersionHeaders(state.store.bucket(request.bucket), object) };
};

function bucketVersionHeaders(
  bucket: BucketRecord | undefined,
  object: ObjectRecord,
): Record<string, string> {
  return bucket === undefined ? {} : versionHeaders(bucket, object);
}
