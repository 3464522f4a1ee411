/** Versions of objects: finds the version of a request, deletes objects, and has the operations on versions. */
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
import { createKeyEncoder, formatIso, OWNER, readCount } from "./wire.js";
import { buildXml, childText, parseXml } from "./xml.js";

const MAX_KEYS = 1000;

/** Returns `versionId` of the query; `undefined` means the newest. @throws {AwsError} NoSuchBucket, InvalidArgument */
export function requestedVersion({ query, bucket }: S3Request, state: S3State): string | undefined {
  const versionId = query.get("versionId");
  if (versionId === "") throw invalidArgument("Version id cannot be the empty string", "versionId", "");
  if (versionId !== undefined) checkVersionId(requireBucket(state, bucket), versionId);
  return versionId;
}

/** Checks a version id: without versioning, only `null` can exist. @throws {AwsError} InvalidArgument */
export function checkVersionId({ versioning }: BucketRecord, versionId: string): void {
  if (versioning !== undefined || versionId === "null") return;
  throw invalidArgument("Invalid version id specified", "versionId", versionId);
}

/**
 * Returns a version of a key; by default, the newest.
 *
 * @throws {AwsError} NoSuchBucket, NoSuchKey, NoSuchVersion; MethodNotAllowed for the id of a delete marker
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

/** Returns `x-amz-version-id`, for buckets in which versioning is or was enabled. */
export function versionHeaders(
  { versioning }: BucketRecord,
  record: VersionRecord,
  name = "x-amz-version-id",
): Record<string, string> {
  return versioning === undefined ? {} : { [name]: versionIdOf(record) };
}

/** Like `versionHeaders`, for a version that was just created: S3 sends the header only if the version has an id. */
export function newVersionHeaders(bucket: BucketRecord, record: VersionRecord): Record<string, string> {
  return record.versionId === undefined ? {} : versionHeaders(bucket, record);
}

/** The result of a delete. */
export interface Removal {
  /** Id of the added delete marker, or of the removed version; absent without versioning. */
  versionId?: string;
  /** Whether a delete marker was added or removed. */
  isDeleteMarker: boolean;
}

/**
 * Removes a version. Without a version id, removes the object, or adds a delete marker if the bucket has versioning.
 */
export async function removeObject(
  state: S3State,
  name: string,
  key: string,
  versionId: string | undefined,
  checkBeforeCommit: () => void = () => undefined,
): Promise<Removal> {
  const { versioning } = requireBucket(state, name);
  if (versionId !== undefined) {
    checkBeforeCommit();
    const removed = await state.store.removeVersion(name, key, versionId);
    return { versionId, isDeleteMarker: removed !== undefined && isDeleteMarker(removed) };
  }
  if (versioning === undefined) {
    checkBeforeCommit();
    await state.store.removeVersion(name, key, "null");
    return { isDeleteMarker: false };
  }
  const marker = await state.store.putDeleteMarker(name, key, state.clock.nowMs(), checkBeforeCommit);
  return { versionId: versionIdOf(marker), isDeleteMarker: true };
}

export const getBucketVersioning: S3Operation = (request, state) => {
  const { versioning } = requireBucket(state, request.bucket);
  return { status: 200, xml: buildXml("VersioningConfiguration", { Status: versioning }) };
};

export const putBucketVersioning: S3Operation = async (request, state) => {
  requireBucket(state, request.bucket);
  const configuration = parseXml((await readXmlBody(request)).text, "VersioningConfiguration");
  const status = childText(configuration, "Status");
  if (status !== "Enabled" && status !== "Suspended") throw malformedXml();
  if (childText(configuration, "MfaDelete") === "Enabled")
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
  const maxKeys = readCount(request, "max-keys", MAX_KEYS);
  const encode = createKeyEncoder(request);
  const versionsOf = (key: string) => state.store.versions(bucket, key);
  const page = listEntries(state.store.keysOfVersions(bucket), versionsOf, versionIdOf, {
    prefix,
    delimiter,
    maxKeys,
    after: keyMarker,
    afterId: versionIdMarker,
  });
  const listVersion = (record: VersionRecord) => ({
    Key: encode(record.key),
    VersionId: versionIdOf(record),
    IsLatest: state.store.versions(bucket, record.key)[0] === record,
    LastModified: formatIso(record.modifiedMs),
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
      Version: page.entries.filter((each) => !isDeleteMarker(each)).map(listVersion),
      DeleteMarker: page.entries.filter(isDeleteMarker).map(listVersion),
      CommonPrefixes: page.commonPrefixes.map((each) => ({ Prefix: encode(each) })),
    }),
  };
};
