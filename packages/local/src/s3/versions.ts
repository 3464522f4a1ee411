/** Versions of objects: which one a request means, what a delete does, and the operations on them. */
import { AwsError } from "../errors.js";
import { listEntries } from "./list.js";
import { requireBucket, type S3Operation, type S3State } from "./operation.js";
import { readXmlBody } from "./payload.js";
import {
  type BucketRecord,
  type DeleteMarker,
  isDeleteMarker,
  type ObjectRecord,
  storageClassOf,
  type VersionRecord,
  versionIdOf,
} from "./records.js";
import type { S3Request } from "./request.js";
import { invalidArgument, malformedXml, noSuchKey, notImplemented, S3Error } from "./s3-errors.js";
import { countOf, encoderOf, iso, OWNER } from "./wire.js";
import { buildXml, parseXml, textOf } from "./xml.js";

const MAX_KEYS = 1000;

/** `versionId` of the query; absent: the newest. @throws {AwsError} NoSuchBucket, InvalidArgument */
export function versionAsked({ query, bucket }: S3Request, state: S3State): string | undefined {
  const versionId = query.get("versionId");
  if (versionId === "") throw invalidArgument("Version id cannot be the empty string", "versionId", "");
  if (versionId !== undefined) checkVersionId(requireBucket(state, bucket), versionId);
  return versionId;
}

/** Without versioning there is the version `null` alone, and no other id can be one. @throws {AwsError} InvalidArgument */
export function checkVersionId({ versioning }: BucketRecord, versionId: string): void {
  if (versioning !== undefined || versionId === "null") return;
  throw invalidArgument("Invalid version id specified", "versionId", versionId);
}

/**
 * The version of a key, the newest where none is named.
 *
 * @throws {AwsError} NoSuchBucket; NoSuchKey, NoSuchVersion; MethodNotAllowed for a delete marker by its id
 */
export function requireObject(state: S3State, bucket: string, key: string, versionId?: string): ObjectRecord {
  requireBucket(state, bucket);
  const record =
    versionId === undefined
      ? state.store.versions(bucket, key)[0]
      : state.store.version(bucket, key, versionId);
  if (record === undefined) {
    if (versionId === undefined) throw noSuchKey(key);
    const message = "The specified version does not exist.";
    throw new AwsError("NoSuchVersion", 404, message, { Key: key, VersionId: versionId });
  }
  if (!isDeleteMarker(record)) return record;
  throw versionId === undefined
    ? new S3Error(noSuchKey(key), deleteMarkerHeaders(record))
    : new S3Error(
        new AwsError("MethodNotAllowed", 405, "The specified method is not allowed against this resource.", {
          Method: "GET",
          ResourceType: "DeleteMarker",
        }),
        {
          ...deleteMarkerHeaders(record),
          allow: "DELETE",
          "last-modified": new Date(record.modifiedMs).toUTCString(),
        },
      );
}

function deleteMarkerHeaders(marker: DeleteMarker): Record<string, string> {
  return { "x-amz-delete-marker": "true", "x-amz-version-id": versionIdOf(marker) };
}

/** `x-amz-version-id`, in buckets that keep versions or did. */
export function versionHeaders(
  { versioning }: BucketRecord,
  record: VersionRecord,
  name = "x-amz-version-id",
): Record<string, string> {
  return versioning === undefined ? {} : { [name]: versionIdOf(record) };
}

/** As `versionHeaders`, of a version that a request has just made: S3 tells none that has no id of its own. */
export function newVersionHeaders(bucket: BucketRecord, record: VersionRecord): Record<string, string> {
  return record.versionId === undefined ? {} : versionHeaders(bucket, record);
}

/** What a delete did. */
export interface Removal {
  /** Of the marker that it put, or of the version that it removed; absent without versioning. */
  versionId?: string;
  /** It put a delete marker, or removed one. */
  isDeleteMarker: boolean;
}

/** Removes a version, or without one named what S3 removes: the object, or by a delete marker its being seen. */
export async function removeObject(
  state: S3State,
  name: string,
  key: string,
  versionId: string | undefined,
  mayCommit: () => void = () => undefined,
): Promise<Removal> {
  const { versioning } = requireBucket(state, name);
  if (versionId !== undefined) {
    mayCommit();
    const removed = await state.store.removeVersion(name, key, versionId);
    return { versionId, isDeleteMarker: removed !== undefined && isDeleteMarker(removed) };
  }
  if (versioning === undefined) {
    mayCommit();
    await state.store.removeVersion(name, key, "null");
    return { isDeleteMarker: false };
  }
  const marker = await state.store.mark(name, key, state.clock.nowMs(), mayCommit);
  return { versionId: versionIdOf(marker), isDeleteMarker: true };
}

export const getBucketVersioning: S3Operation = (request, state) => {
  const { versioning } = requireBucket(state, request.bucket);
  return { status: 200, xml: buildXml("VersioningConfiguration", { Status: versioning }) };
};

export const putBucketVersioning: S3Operation = async (request, state) => {
  requireBucket(state, request.bucket);
  const configuration = parseXml((await readXmlBody(request)).text, "VersioningConfiguration");
  const status = textOf(configuration, "Status");
  if (status !== "Enabled" && status !== "Suspended") throw malformedXml();
  if (textOf(configuration, "MfaDelete") === "Enabled")
    throw notImplemented("PutBucketVersioning with MfaDelete");
  await state.store.changeBucket(request.bucket, { versioning: status });
  return { status: 200 };
};

export const listObjectVersions: S3Operation = (request, state) => {
  requireBucket(state, request.bucket);
  const { query, bucket } = request;
  const keyMarker = query.get("key-marker") ?? "";
  const versionIdMarker = query.get("version-id-marker");
  if (versionIdMarker !== undefined && keyMarker === "") {
    throw invalidArgument(
      "A version-id marker cannot be specified without a key marker.",
      "version-id-marker",
      versionIdMarker,
    );
  }
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const maxKeys = countOf(request, "max-keys", MAX_KEYS);
  const encode = encoderOf(request);
  const versionsOf = (key: string) => state.store.versions(bucket, key);
  const page = listEntries(state.store.keysOfVersions(bucket), versionsOf, versionIdOf, {
    prefix,
    delimiter,
    maxKeys,
    after: keyMarker,
    afterId: versionIdMarker,
  });
  const shown = (record: VersionRecord) => ({
    Key: encode(record.key),
    VersionId: versionIdOf(record),
    IsLatest: state.store.versions(bucket, record.key)[0] === record,
    LastModified: iso(record.modifiedMs),
    Owner: OWNER,
    ...(!isDeleteMarker(record) && {
      ETag: `"${record.etag}"`,
      ChecksumAlgorithm: record.checksum.algorithm,
      ChecksumType: record.checksum.type,
      Size: record.sizeBytes,
      StorageClass: storageClassOf(record),
    }),
  });
  return {
    status: 200,
    xml: buildXml("ListVersionsResult", {
      Name: bucket,
      Prefix: encode(prefix),
      Delimiter: delimiter === "" ? undefined : encode(delimiter),
      KeyMarker: encode(keyMarker),
      VersionIdMarker: versionIdMarker ?? "",
      NextKeyMarker: page.next && encode(page.next.key),
      NextVersionIdMarker: page.next?.id,
      MaxKeys: maxKeys,
      EncodingType: query.get("encoding-type"),
      IsTruncated: page.next !== undefined,
      Version: page.entries.filter((each) => !isDeleteMarker(each)).map(shown),
      DeleteMarker: page.entries.filter(isDeleteMarker).map(shown),
      CommonPrefixes: page.commonPrefixes.map((each) => ({ Prefix: encode(each) })),
    }),
  };
};
