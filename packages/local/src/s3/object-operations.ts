/** Operations on single objects. */
import { AwsError } from "../errors.js";
import { attributesOf, objectHeaders } from "./attributes.js";
import { checksumHeaders } from "./checksums.js";
import { checkMatch, checkWriteConditions, rangeStillCounts, unchangedBy } from "./conditions.js";
import { requireBucket, type S3Operation, type S3State } from "./operation.js";
import { openPayload } from "./payload.js";
import { type ByteRange, rangeOf } from "./range.js";
import { type NewObject, type ObjectRecord, storageClassOf } from "./records.js";
import type { S3Answer, S3Request } from "./request.js";
import { invalidArgument, invalidRequest } from "./s3-errors.js";
import { newVersionHeaders, removeObject, requireObject, versionAsked, versionHeaders } from "./versions.js";
import { buildXml, type XmlElements } from "./xml.js";

export const putObject: S3Operation = async (request, state) => {
  const { bucket, key, headers } = request;
  requireBucket(state, bucket);
  const attributes = attributesOf(headers);
  const mayCommit = () => checkWriteConditions(headers, key, state.store.object(bucket, key));
  mayCommit(); // before the body as well: it saves the client the upload
  const payload = openPayload(request);
  const recordOf = (sizeBytes: number): NewObject => {
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

/** What GET and HEAD have in common: the object, its conditions, the range and the headers. */
function findObject(request: S3Request, state: S3State): Found {
  const { bucket, key, headers, query } = request;
  const object = requireObject(state, bucket, key, versionAsked(request, state));
  if (unchangedBy(headers, object, state.clock.nowMs()) !== undefined) {
    const { etag = "", "last-modified": modified = "" } = objectHeaders(object, false);
    return { answer: { status: 304, headers: { etag, "last-modified": modified } } };
  }
  const part = partOf(request, object);
  const range =
    part ??
    (rangeStillCounts(headers["if-range"], object) ? rangeOf(headers["range"], object.sizeBytes) : undefined);
  // A checksum of the whole would fail a client that holds it against a part.
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
  const { bucket, key, headers } = request;
  const { versioning } = requireBucket(state, bucket);
  const mayCommit = () => {
    const object = state.store.object(bucket, key);
    const match = headers["if-match"];
    if (match !== undefined && object !== undefined) checkMatch(match, object);
  };
  mayCommit();
  const { versionId, isDeleteMarker } = await removeObject(
    state,
    bucket,
    key,
    versionAsked(request, state),
    mayCommit,
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
  const object = requireObject(state, bucket, key, versionAsked(request, state));
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
