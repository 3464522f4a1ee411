/** Headers of objects: those that S3 stores, and those that the stand-in refuses instead of ignoring them. */
import { ACCOUNT_ID } from "../account.js";
import { AwsError } from "../errors.js";
import { checksumHeaderAlgorithm, checksumHeaders } from "./checksums.js";
import { type ObjectAttributes, type ObjectRecord, STANDARD } from "./records.js";
import { accessDenied, notImplemented } from "./s3-errors.js";
import { parseTagHeader } from "./tagging.js";

type Headers = Readonly<Record<string, string>>;

const STORED = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
] as const;

/** Size of all names and values. Source: S3 User Guide, "Working with object metadata". */
const MAX_METADATA_BYTES = 2048;
const METADATA_PREFIX = "x-amz-meta-";

/** Storage classes whose objects can be read at once. The others need a restore first, which is not supported. */
const STORAGE_CLASSES: readonly string[] = [
  STANDARD,
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
];

/**
 * Reads what S3 stores of the headers of an upload.
 *
 * @throws {AwsError} MetadataTooLarge, InvalidArgument, InvalidTag
 */
export function parseObjectAttributes(headers: Headers): ObjectAttributes {
  const kept: Record<string, string> = { "content-type": "binary/octet-stream" };
  for (const name of STORED) {
    const value = name === "content-encoding" ? withoutAwsChunked(headers[name]) : headers[name];
    if (value !== undefined && value !== "") kept[name] = value;
  }
  const metadata = new Map<string, string>(); // a plain object would lose a member called __proto__
  let sizeBytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(METADATA_PREFIX)) continue;
    const bare = name.slice(METADATA_PREFIX.length);
    metadata.set(bare, value);
    sizeBytes += Buffer.byteLength(bare) + Buffer.byteLength(value);
  }
  if (sizeBytes > MAX_METADATA_BYTES) {
    throw new AwsError(
      "MetadataTooLarge",
      400,
      "Your metadata headers exceed the maximum allowed metadata size",
      {
        Size: String(sizeBytes),
        MaxSizeAllowed: String(MAX_METADATA_BYTES),
      },
    );
  }
  const storageClass = headers["x-amz-storage-class"] ?? STANDARD;
  return {
    headers: kept,
    metadata: Object.fromEntries(metadata),
    tags: parseTagHeader(headers["x-amz-tagging"]),
    ...(storageClass !== STANDARD && { storageClass }),
  };
}

/** Removes aws-chunked, which is decoded on receipt; other codings belong to the object. */
function withoutAwsChunked(coding: string | undefined): string | undefined {
  return coding
    ?.split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "aws-chunked" && each !== "")
    .join(",");
}

/** Returns an object's headers for GET and HEAD. Set `withChecksum` only if the answer has the whole object. */
export function objectHeaders(object: ObjectRecord, withChecksum: boolean): Record<string, string> {
  const metadata = Object.entries(object.metadata).map(([name, value]) => [METADATA_PREFIX + name, value]);
  const tagCount = Object.keys(object.tags).length;
  return {
    ...object.headers,
    ...Object.fromEntries(metadata),
    etag: `"${object.etag}"`,
    "last-modified": new Date(object.modifiedMs).toUTCString(),
    "accept-ranges": "bytes",
    "x-amz-server-side-encryption": "AES256",
    // S3 omits the header for STANDARD.
    ...(object.storageClass !== undefined && { "x-amz-storage-class": object.storageClass }),
    ...(tagCount > 0 && { "x-amz-tagging-count": String(tagCount) }),
    ...(withChecksum ? checksumHeaders(object.checksum) : {}),
  };
}

/** `x-amz-` headers that are accepted with any value: they have no effect here, or are handled elsewhere. */
const ACCEPTED_HEADERS: ReadonlySet<string> = new Set([
  "x-amz-checksum-algorithm",
  "x-amz-checksum-mode",
  "x-amz-checksum-type",
  "x-amz-content-sha256",
  "x-amz-copy-source",
  "x-amz-copy-source-if-match",
  "x-amz-copy-source-if-modified-since",
  "x-amz-copy-source-if-none-match",
  "x-amz-copy-source-if-unmodified-since",
  "x-amz-copy-source-range",
  "x-amz-date",
  "x-amz-decoded-content-length",
  "x-amz-expected-bucket-owner",
  "x-amz-metadata-directive",
  "x-amz-object-attributes",
  "x-amz-request-payer",
  "x-amz-sdk-checksum-algorithm",
  "x-amz-security-token",
  "x-amz-source-expected-bucket-owner",
  "x-amz-tagging",
  "x-amz-tagging-directive",
  "x-amz-trailer",
  "x-amz-user-agent",
]);

/** Headers that the stand-in accepts only with values that match what it does anyway. */
const ACCEPTED_VALUES: Readonly<Record<string, readonly string[]>> = {
  "x-amz-acl": ["private", "bucket-owner-full-control"],
  "x-amz-bucket-object-lock-enabled": ["false"],
  "x-amz-object-ownership": ["BucketOwnerEnforced"],
  "x-amz-server-side-encryption": ["AES256"],
  "x-amz-storage-class": STORAGE_CLASSES,
};

/**
 * Refuses headers that the stand-in does not support, and requests that expect another account.
 *
 * @throws {AwsError} NotImplemented with the header, AccessDenied
 */
export function refuseUnsupportedHeaders(headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith("x-amz-") || name.startsWith(METADATA_PREFIX) || ACCEPTED_HEADERS.has(name))
      continue;
    if (ACCEPTED_VALUES[name]?.includes(value) === true) continue;
    if (checksumHeaderAlgorithm(name) !== undefined) continue;
    throw notImplemented(`${name}: ${value}`);
  }
  for (const name of ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"]) {
    if (headers[name] !== undefined && headers[name] !== ACCOUNT_ID) throw accessDenied();
  }
}
