/** Operations on single objects. */
import { AwsError } from "../errors.js";
import { attributesOf, objectHeaders } from "./attributes.js";
import { iso, requireBucket } from "./bucket-operations.js";
import { checksumHeaders, DEFAULT_CHECKSUM_ALGORITHM, parseChecksumAlgorithm } from "./checksums.js";
import { checkWriteConditions, rangeStillCounts, readConditionsHold } from "./conditions.js";
import { digesting } from "./digesting.js";
import type { ObjectAttributes, ObjectRecord } from "./object-store.js";
import type { S3Operation, S3State } from "./operation.js";
import { MAX_UPLOAD_BYTES, openPayload } from "./payload.js";
import { type ByteRange, rangeOf } from "./range.js";
import type { S3Answer, S3Request } from "./request.js";
import { invalidArgument, invalidRequest, noSuchKey, preconditionFailed } from "./s3-errors.js";
import { buildXml, type XmlElements } from "./xml.js";

export const putObject: S3Operation = async (request, state) => {
  const { bucket, key, headers } = request;
  requireBucket(state, bucket);
  const attributes = attributesOf(headers);
  const mayCommit = () => checkWriteConditions(headers, key, state.store.object(bucket, key));
  mayCommit(); // before the body as well: it saves the client the upload
  const payload = openPayload(request);
  const recordOf = (sizeBytes: number): ObjectRecord => {
    const { md5, checksum } = payload.digests();
    return {
      ...attributes,
      key,
      sizeBytes,
      etag: md5.toString("hex"),
      modifiedMs: state.clock.nowMs(),
      checksum,
    };
  };
  const object = await state.store.put(bucket, payload.bytes, recordOf, mayCommit);
  return { status: 200, headers: putHeaders(object) };
};

function putHeaders(object: ObjectRecord): Record<string, string> {
  return {
    etag: `"${object.etag}"`,
    "x-amz-server-side-encryption": "AES256",
    ...checksumHeaders(object.checksum),
  };
}

export const getObject: S3Operation = (request, state) => {
  const found = findObject(request, state);
  if ("answer" in found) return found.answer;
  const { object, range } = found;
  const { offsetBytes, lengthBytes } = range ?? { offsetBytes: 0, lengthBytes: object.sizeBytes };
  return { ...found.head, body: state.store.read(request.bucket, request.key, offsetBytes, lengthBytes) };
};

export const headObject: S3Operation = (request, state) => {
  const found = findObject(request, state);
  return "answer" in found ? found.answer : found.head;
};

type Found = { answer: S3Answer } | { object: ObjectRecord; range: ByteRange | undefined; head: S3Answer };

/** What GET and HEAD have in common: the object, its conditions, the range and the headers. */
function findObject(request: S3Request, state: S3State): Found {
  const { bucket, key, headers, query } = request;
  requireBucket(state, bucket);
  refuseVersion(query.get("versionId"));
  const object = state.store.object(bucket, key);
  if (object === undefined) throw noSuchKey(key);
  if (!readConditionsHold(headers, object)) {
    const { etag = "", "last-modified": modified = "" } = objectHeaders(object, false);
    return { answer: { status: 304, headers: { etag, "last-modified": modified } } };
  }
  const part = partOf(request, object);
  const range =
    part ??
    (rangeStillCounts(headers["if-range"], object) ? rangeOf(headers["range"], object.sizeBytes) : undefined);
  // A checksum of the whole would fail a client that holds it against a part.
  const withChecksum = headers["x-amz-checksum-mode"] === "ENABLED" && range === undefined;
  const own: Record<string, string> = {
    ...objectHeaders(object, withChecksum),
    ...overrides(query),
    "content-length": String(range?.lengthBytes ?? object.sizeBytes),
  };
  if (part !== undefined) own["x-amz-mp-parts-count"] = String(object.partSizesBytes?.length ?? 1);
  if (range === undefined) return { object, range, head: { status: 200, headers: own } };
  const last = range.offsetBytes + range.lengthBytes - 1;
  own["content-range"] = `bytes ${range.offsetBytes}-${last}/${object.sizeBytes}`;
  return { object, range, head: { status: 206, headers: own } };
}

/** Buckets here are not versioned: the one version of an object is `null`. */
function refuseVersion(versionId: string | undefined): void {
  if (versionId === undefined || versionId === "null") return;
  throw new AwsError("NoSuchVersion", 404, "The specified version does not exist.", { VersionId: versionId });
}

/** The bytes of part `partNumber` of what was uploaded in parts. */
function partOf(request: S3Request, object: ObjectRecord): ByteRange | undefined {
  const text = request.query.get("partNumber");
  if (text === undefined) return undefined;
  if (request.headers["range"] !== undefined) {
    throw invalidRequest("Cannot specify both Range header and partNumber query parameter");
  }
  const sizes = object.partSizesBytes ?? [object.sizeBytes];
  const partNumber = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (partNumber < 1) {
    throw invalidArgument(
      "Part number must be an integer between 1 and 10000, inclusive",
      "partNumber",
      text,
    );
  }
  const lengthBytes = sizes[partNumber - 1];
  if (lengthBytes === undefined) {
    throw new AwsError("InvalidPartNumber", 416, "The requested partnumber is not satisfiable", {
      PartNumberRequested: text,
      ActualPartCount: String(sizes.length),
    });
  }
  if (lengthBytes === 0) return undefined; // an empty range has no Content-Range
  return { offsetBytes: sizes.slice(0, partNumber - 1).reduce((sum, size) => sum + size, 0), lengthBytes };
}

const OVERRIDES = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
] as const;

/** `response-content-type` and its like. Only a signed request gets here, so they are signed. */
function overrides(query: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    OVERRIDES.flatMap((name) => {
      const value = query.get(`response-${name}`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

export const deleteObject: S3Operation = async (request, state) => {
  requireBucket(state, request.bucket);
  refuseVersion(request.query.get("versionId"));
  const object = state.store.object(request.bucket, request.key);
  if (object !== undefined) checkWriteConditions(request.headers, request.key, object);
  await state.store.remove(request.bucket, request.key);
  return { status: 204 };
};

/** What a copy reads. */
export interface CopySource {
  object: ObjectRecord;
  /** Read as it was when the copy began. */
  bytes: AsyncIterable<Buffer>;
}

/**
 * Opens the object that `x-amz-copy-source` names.
 *
 * @throws {AwsError}
 */
export function openCopySource(request: S3Request, state: S3State): CopySource {
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
  requireBucket(state, bucket);
  refuseVersion(versionId);
  const object = state.store.object(bucket, key);
  if (object === undefined) throw noSuchKey(key);
  if (!readConditionsHold(headers, object, "x-amz-copy-source-")) {
    throw preconditionFailed("x-amz-copy-source-If-None-Match");
  }
  const wanted = headers["x-amz-copy-source-range"];
  const range = rangeOf(wanted, object.sizeBytes);
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
  return { object, bytes: state.store.read(bucket, key, offsetBytes, lengthBytes) };
}

function decodeSource(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalidArgument("Invalid copy source encoding.", "x-amz-copy-source", path);
  }
}

export const copyObject: S3Operation = async (request, state) => {
  const { bucket, key, headers } = request;
  requireBucket(state, bucket);
  const directive = headers["x-amz-metadata-directive"] ?? "COPY";
  if (directive !== "COPY" && directive !== "REPLACE") {
    throw invalidArgument("Unknown metadata directive.", "x-amz-metadata-directive", directive);
  }
  const replacement = directive === "REPLACE" ? attributesOf(headers) : undefined;
  const asked = headers["x-amz-checksum-algorithm"];
  const algorithm = asked === undefined ? undefined : parseChecksumAlgorithm(asked);
  const { object: source, bytes } = openCopySource(request, state);
  const attributes: ObjectAttributes = replacement ?? { headers: source.headers, metadata: source.metadata };
  const kept = source.checksum.type === "FULL_OBJECT" ? source.checksum.algorithm : undefined;
  const digested = digesting(bytes, algorithm ?? kept ?? DEFAULT_CHECKSUM_ALGORITHM);
  const recordOf = (sizeBytes: number): ObjectRecord => {
    const { md5, checksum } = digested.digests();
    return {
      ...attributes,
      key,
      sizeBytes,
      etag: md5.toString("hex"),
      modifiedMs: state.clock.nowMs(),
      checksum,
    };
  };
  const mayCommit = () => checkWriteConditions(headers, key, state.store.object(bucket, key));
  const object = await state.store.put(bucket, digested.bytes, recordOf, mayCommit);
  return { status: 200, xml: buildXml("CopyObjectResult", copyResult(object)) };
};

/** Of CopyObject and UploadPartCopy. */
export function copyResult(copy: Pick<ObjectRecord, "etag" | "modifiedMs" | "checksum">): XmlElements {
  return {
    ETag: `"${copy.etag}"`,
    LastModified: iso(copy.modifiedMs),
    [`Checksum${copy.checksum.algorithm}`]: copy.checksum.value,
    ChecksumType: copy.checksum.type,
  };
}
