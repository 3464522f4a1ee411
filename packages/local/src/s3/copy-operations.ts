/** CopyObject, and the source of UploadPartCopy. */
import { parseObjectAttributes } from "./attributes.js";
import { DEFAULT_CHECKSUM_ALGORITHM, parseChecksumAlgorithm } from "./checksums.js";
import { findUnchangedCondition } from "./conditions.js";
import { withDigests } from "./digests.js";
import { requireBucket, type S3Operation, type S3State } from "./operation.js";
import { MAX_UPLOAD_BYTES } from "./payload.js";
import { parseRange } from "./range.js";
import { isDeleteMarker, type ObjectAttributes, type ObjectRecord } from "./records.js";
import type { S3Request } from "./request.js";
import { invalidArgument, invalidRequest, preconditionFailed } from "./s3-errors.js";
import { storeObject } from "./store-object.js";
import { checkVersionId, newVersionHeaders, requireObject, versionHeaders } from "./versions.js";
import { formatIso } from "./wire.js";
import { buildXml, type XmlElements } from "./xml.js";

/** The source of a copy. */
export interface CopySource {
  object: ObjectRecord;
  /** Opens its bytes, or those of the requested range, for `store`, and closes them when that has ended. */
  withBytes<T>(store: (bytes: AsyncIterable<Buffer>) => Promise<T>): Promise<T>;
  /** Whether it is the newest version of the key that the copy writes. */
  isTarget: boolean;
  /** Its version id, for the answer. */
  headers: Record<string, string>;
}

/**
 * Finds the object that `x-amz-copy-source` names.
 *
 * @throws {AwsError}
 */
export function findCopySource(request: S3Request, state: S3State): CopySource {
  const { headers } = request;
  const source = headers["x-amz-copy-source"] ?? "";
  const [, path = "", versionId] = /^\/?([^?]*)(?:\?versionId=(.*))?$/.exec(source) ?? [];
  const [, bucket, key] = /^([^/]+)\/(.+)$/s.exec(decodeSource(path)) ?? [];
  if (bucket === undefined || key === undefined) {
    throw invalidArgument(
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      "x-amz-copy-source",
      source,
    );
  }
  if (versionId !== undefined) checkVersionId(requireBucket(state, bucket), versionId);
  const named = versionId === undefined ? undefined : state.store.version(bucket, key, versionId);
  if (named !== undefined && isDeleteMarker(named)) {
    throw invalidRequest(
      "The source of a copy request may not specifically refer to a delete marker by version id.",
    );
  }
  const object = requireObject(state, bucket, key, versionId);
  const unchanged = findUnchangedCondition(headers, object, state.clock.nowMs(), "x-amz-copy-source-");
  if (unchanged !== undefined) throw preconditionFailed(unchanged);
  const wanted = headers["x-amz-copy-source-range"];
  const range = parseRange(wanted, object.sizeBytes);
  if (wanted !== undefined && range === undefined) {
    throw invalidArgument(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
      "x-amz-copy-source-range",
      wanted,
    );
  }
  const { offsetBytes, lengthBytes } = range ?? { offsetBytes: 0, lengthBytes: object.sizeBytes };
  if (lengthBytes > MAX_UPLOAD_BYTES) {
    throw invalidRequest(
      "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
    );
  }
  return {
    object,
    isTarget: bucket === request.bucket && key === request.key && versionId === undefined,
    async withBytes(store) {
      const bytes = state.store.read(bucket, object, offsetBytes, lengthBytes);
      try {
        return await store(bytes);
      } finally {
        await bytes.close(); // does nothing if they were read
      }
    },
    headers: versionHeaders(requireBucket(state, bucket), object, "x-amz-copy-source-version-id"),
  };
}

function decodeSource(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalidArgument("Invalid copy source encoding.", "x-amz-copy-source", path);
  }
}

/** Headers with which an object may be copied to itself, even if they change nothing. */
const IN_PLACE = ["x-amz-storage-class", "x-amz-server-side-encryption"] as const;

export const copyObject: S3Operation = async (request, state) => {
  const { bucket, headers } = request;
  requireBucket(state, bucket);
  const given = parseObjectAttributes(headers);
  const replacesMetadata = replaces(headers, "x-amz-metadata-directive");
  const replacesTags = replaces(headers, "x-amz-tagging-directive");
  const asked = headers["x-amz-checksum-algorithm"];
  const algorithm = asked === undefined ? undefined : parseChecksumAlgorithm(asked);
  const { object: source, isTarget, headers: sourceHeaders, withBytes } = findCopySource(request, state);
  if (isTarget && !replacesMetadata && !IN_PLACE.some((name) => headers[name] !== undefined)) {
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  const attributes: ObjectAttributes = {
    headers: (replacesMetadata ? given : source).headers,
    metadata: (replacesMetadata ? given : source).metadata,
    tags: (replacesTags ? given : source).tags,
    ...(given.storageClass !== undefined && { storageClass: given.storageClass }),
  };
  const kept = source.checksum.type === "FULL_OBJECT" ? source.checksum.algorithm : undefined;
  const object = await withBytes((bytes) =>
    storeObject(
      request,
      state,
      attributes,
      withDigests(bytes, algorithm ?? kept ?? DEFAULT_CHECKSUM_ALGORITHM),
    ),
  );
  return {
    status: 200,
    headers: {
      ...sourceHeaders,
      ...newVersionHeaders(requireBucket(state, bucket), object),
      "x-amz-server-side-encryption": "AES256",
    },
    xml: buildXml("CopyObjectResult", { ...copyResult(object), ChecksumType: object.checksum.type }),
  };
};

/** @throws {AwsError} InvalidArgument */
function replaces(headers: S3Request["headers"], name: string): boolean {
  const directive = headers[name] ?? "COPY";
  if (directive === "COPY" || directive === "REPLACE") return directive === "REPLACE";
  throw invalidArgument(
    `Unknown ${name.replace(/^x-amz-(.*)-directive$/, "$1")} directive.`,
    name,
    directive,
  );
}

/** Returns the result of CopyObject and UploadPartCopy. */
export function copyResult(copy: Pick<ObjectRecord, "etag" | "modifiedMs" | "checksum">): XmlElements {
  return {
    ETag: `"${copy.etag}"`,
    LastModified: formatIso(copy.modifiedMs),
    [`Checksum${copy.checksum.algorithm}`]: copy.checksum.value,
  };
}
