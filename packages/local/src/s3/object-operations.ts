/** Operations on single objects. */
import { AwsError } from "../errors.js";
import { objectHeaders, parseObjectAttributes } from "./attributes.js";
import { checksumHeaders, DEFAULT_CHECKSUM_ALGORITHM } from "./checksums.js";
import { checkMatch, checkWriteConditions, findUnchangedCondition, ifRangeHolds } from "./conditions.js";
import { requireBucket, type S3Operation, type S3State } from "./operation.js";
import { withPayload } from "./payload.js";
import { type ByteRange, parseRange } from "./range.js";
import { type ObjectRecord, storageClassOf } from "./records.js";
import type { S3Answer, S3Request } from "./request.js";
import { invalidArgument, invalidRequest } from "./s3-errors.js";
import { storeObject } from "./store-object.js";
import {
  newVersionHeaders,
  removeObject,
  requestedVersion,
  requireObject,
  versionHeaders,
} from "./versions.js";
import { buildXml, type XmlElements } from "./xml.js";

export const putObject: S3Operation = async (request, state) => {
  const { bucket, key, headers } = request;
  requireBucket(state, bucket);
  const attributes = parseObjectAttributes(headers);
  // Also before the body, to save the client a useless upload.
  checkWriteConditions(headers, key, state.store.object(bucket, key));
  const object = await withPayload(request, DEFAULT_CHECKSUM_ALGORITHM, (payload) =>
    storeObject(request, state, attributes, payload),
  );
  return {
    status: 200,
    headers: {
      etag: `"${object.etag}"`,
      "x-amz-server-side-encryption": "AES256",
      ...checksumHeaders(object.checksum),
      ...newVersionHeaders(requireBucket(state, bucket), object),
    },
  };
};

export const getObject: S3Operation = (request, state) => {
  const found = findObject(request, state);
  if ("answer" in found) return found.answer;
  const { object, range } = found;
  const { offsetBytes, lengthBytes } = range ?? { offsetBytes: 0, lengthBytes: object.sizeBytes };
  return { ...found.head, body: state.store.read(request.bucket, object, offsetBytes, lengthBytes) };
};

export const headObject: S3Operation = (request, state) => {
  const found = findObject(request, state);
  return "answer" in found ? found.answer : found.head;
};

type Found = { answer: S3Answer } | { object: ObjectRecord; range: ByteRange | undefined; head: S3Answer };

/** Does what GET and HEAD have in common: finds the object, checks conditions and range, and makes the headers. */
function findObject(request: S3Request, state: S3State): Found {
  const { bucket, key, headers, query } = request;
  const object = requireObject(state, bucket, key, requestedVersion(request, state));
  if (findUnchangedCondition(headers, object, state.clock.nowMs()) !== undefined) {
    const { etag = "", "last-modified": modified = "" } = objectHeaders(object, false);
    return { answer: { status: 304, headers: { etag, "last-modified": modified } } };
  }
  const part = findPart(request, object);
  const range =
    part ??
    (ifRangeHolds(headers["if-range"], object) ? parseRange(headers["range"], object.sizeBytes) : undefined);
  // A client would compare a checksum of the whole object with the part that it gets, and fail.
  const isWhole = range === undefined || range.lengthBytes === object.sizeBytes;
  const withChecksum = headers["x-amz-checksum-mode"] === "ENABLED" && isWhole;
  const own: Record<string, string> = {
    ...objectHeaders(object, withChecksum),
    ...versionHeaders(requireBucket(state, bucket), object),
    ...overrides(query),
    "content-length": String(range?.lengthBytes ?? object.sizeBytes),
  };
  if (part !== undefined) own["x-amz-mp-parts-count"] = String(object.partSizesBytes?.length ?? 1);
  if (range === undefined) return { object, range, head: { status: 200, headers: own } };
  const last = range.offsetBytes + range.lengthBytes - 1;
  own["content-range"] = `bytes ${range.offsetBytes}-${last}/${object.sizeBytes}`;
  return { object, range, head: { status: 206, headers: own } };
}

/** Returns the range of part `partNumber` of an object that was uploaded in parts; `undefined` if none is requested. */
function findPart(request: S3Request, object: ObjectRecord): ByteRange | undefined {
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

/** Returns the headers that parameters such as `response-content-type` set. The request is signed, so they are too. */
function overrides(query: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    OVERRIDES.flatMap((name) => {
      const value = query.get(`response-${name}`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

export const deleteObject: S3Operation = async (request, state) => {
  const { bucket, key, headers } = request;
  const { versioning } = requireBucket(state, bucket);
  const checkBeforeCommit = () => {
    const object = state.store.object(bucket, key);
    const match = headers["if-match"];
    if (match !== undefined && object !== undefined) checkMatch(match, object);
  };
  checkBeforeCommit();
  const { versionId, isDeleteMarker } = await removeObject(
    state,
    bucket,
    key,
    requestedVersion(request, state),
    checkBeforeCommit,
  );
  return {
    status: 204,
    headers: {
      ...(versioning !== undefined && versionId !== undefined && { "x-amz-version-id": versionId }),
      ...(isDeleteMarker && { "x-amz-delete-marker": "true" }),
    },
  };
};

const ATTRIBUTES = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"] as const;

export const getObjectAttributes: S3Operation = (request, state) => {
  const { bucket, key, headers } = request;
  const object = requireObject(state, bucket, key, requestedVersion(request, state));
  const text = headers["x-amz-object-attributes"] ?? "";
  const asked = text.split(",").map((each) => each.trim());
  const unknown = asked.find((each) => !ATTRIBUTES.some((name) => name === each));
  if (unknown !== undefined) {
    throw invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", text);
  }
  const parts = object.partSizesBytes;
  const content: Record<(typeof ATTRIBUTES)[number], XmlElements[string]> = {
    ETag: object.etag,
    Checksum: {
      [`Checksum${object.checksum.algorithm}`]: object.checksum.value,
      ChecksumType: object.checksum.type,
    },
    ObjectParts: parts && { PartsCount: parts.length },
    StorageClass: storageClassOf(object),
    ObjectSize: object.sizeBytes,
  };
  const chosen = ATTRIBUTES.filter((name) => asked.includes(name)).map(
    (name) => [name, content[name]] as const,
  );
  const { "last-modified": modified = "" } = objectHeaders(object, false);
  return {
    status: 200,
    headers: { "last-modified": modified, ...versionHeaders(requireBucket(state, bucket), object) },
    xml: buildXml("GetObjectAttributesResponse", Object.fromEntries(chosen)),
  };
};
