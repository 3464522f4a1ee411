import { AwsError } from "../errors.js";
import { SortedList } from "../listing/sorted-list.js";
import { checkMatch } from "./conditions.js";
import { listPage } from "./list.js";
import { requireBucket, type S3Operation, type S3State } from "./operation.js";
import { readXmlBody } from "./payload.js";
import { storageClassOf } from "./records.js";
import type { S3Request } from "./request.js";
import { invalidArgument, invalidRequest, malformedXml, notImplemented } from "./s3-errors.js";
import { compareUtf8 } from "./utf8-order.js";
import { checkVersionId, type Removal, removeObject } from "./versions.js";
import { createKeyEncoder, formatIso, OWNER, readCount } from "./wire.js";
import { buildXml, childrenOf, childText, parseXml, type XmlElements, type XmlNode } from "./xml.js";

/** Keys of one page, and of one DeleteObjects. Source: S3 API Reference. */
const MAX_KEYS = 1000;

export const listBuckets: S3Operation = (request, { store }) => {
  const prefix = request.query.get("prefix") ?? "";
  const maxBuckets = readCount(request, "max-buckets", 10_000);
  const after = decodeToken(request.query.get("continuation-token"));
  const names = store.buckets().map(({ name }) => name);
  const page = listPage(new SortedList(compareUtf8, names), {
    prefix,
    delimiter: "",
    after,
    maxKeys: maxBuckets,
  });
  const Bucket = page.keys.map((name) => {
    const record = store.bucket(name);
    return { Name: name, CreationDate: formatIso(record?.createdMs ?? 0), BucketRegion: record?.region };
  });
  const content = {
    Owner: OWNER,
    Buckets: { Bucket },
    ContinuationToken: encodeToken(page.next),
    Prefix: prefix === "" ? undefined : prefix,
  };
  return { status: 200, xml: buildXml("ListAllMyBucketsResult", content) };
};

export const createBucket: S3Operation = async (request, { store, clock, region }) => {
  const { bucket: name } = request;
  if (!isBucketName(name)) {
    throw new AwsError("InvalidBucketName", 400, "The specified bucket is not valid.", { BucketName: name });
  }
  const { text } = await readXmlBody(request);
  const configuration = text === "" ? undefined : parseXml(text, "CreateBucketConfiguration");
  const unsupported =
    configuration === undefined || typeof configuration === "string"
      ? undefined
      : Object.keys(configuration).find((each) => each !== "LocationConstraint");
  if (unsupported !== undefined) throw notImplemented(`CreateBucket with ${unsupported}`);
  const constraint = configuration && childText(configuration, "LocationConstraint");
  const bucketRegion = constraint || request.signedRegion || region;
  const isNew = await store.createBucket({ name, region: bucketRegion, createdMs: clock.nowMs() });
  // Only in us-east-1, creating a bucket again is not an error. Source: S3 API Reference, CreateBucket.
  const isAllowedAgain = bucketRegion === "us-east-1" && store.bucket(name)?.region === bucketRegion;
  if (!isNew && !isAllowedAgain) {
    throw new AwsError(
      "BucketAlreadyOwnedByYou",
      409,
      "Your previous request to create the named bucket succeeded and you already own it.",
      { BucketName: name },
    );
  }
  return { status: 200, headers: { location: `/${name}` } };
};

/** Source: S3 User Guide, "Bucket naming rules". */
export function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes("..") &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !/^(xn--|sthree-)|(-s3alias|--ol-s3)$/.test(name)
  );
}

export const headBucket: S3Operation = (request, state) => {
  const { region } = requireBucket(state, request.bucket);
  return { status: 200, headers: { "x-amz-bucket-region": region, "x-amz-access-point-alias": "false" } };
};

export const deleteBucket: S3Operation = async (request, { store }) => {
  if (!(await store.deleteBucket(request.bucket))) {
    throw new AwsError("BucketNotEmpty", 409, "The bucket you tried to delete is not empty", {
      BucketName: request.bucket,
    });
  }
  return { status: 204 };
};

export const getBucketLocation: S3Operation = (request, state) => {
  const { region } = requireBucket(state, request.bucket);
  // us-east-1 is the empty constraint: S3 API Reference, GetBucketLocation.
  const content: XmlElements = { "#text": region === "us-east-1" ? "" : region };
  return { status: 200, xml: buildXml("LocationConstraint", content) };
};

export const listObjectsV2: S3Operation = (request, state) => {
  requireBucket(state, request.bucket);
  const { query } = request;
  const token = query.get("continuation-token");
  const startAfter = query.get("start-after");
  const options = listOptions(request, token === undefined ? startAfter : decodeToken(token));
  const page = listPage(state.store.keys(request.bucket), options);
  const encode = createKeyEncoder(request);
  return {
    status: 200,
    xml: buildXml("ListBucketResult", {
      Name: request.bucket,
      Prefix: encode(options.prefix),
      Delimiter: options.delimiter === "" ? undefined : encode(options.delimiter),
      // A token overrides StartAfter, which is then left out of the answer.
      StartAfter: startAfter === undefined || token !== undefined ? undefined : encode(startAfter),
      ContinuationToken: token,
      NextContinuationToken: encodeToken(page.next),
      KeyCount: page.keys.length + page.commonPrefixes.length,
      MaxKeys: options.maxKeys,
      EncodingType: query.get("encoding-type"),
      IsTruncated: page.next !== undefined,
      ...listContents(request, state, page.keys, page.commonPrefixes, query.get("fetch-owner") === "true"),
    }),
  };
};

export const listObjects: S3Operation = (request, state) => {
  requireBucket(state, request.bucket);
  const { query } = request;
  const options = listOptions(request, query.get("marker"));
  const page = listPage(state.store.keys(request.bucket), options);
  const encode = createKeyEncoder(request);
  return {
    status: 200,
    xml: buildXml("ListBucketResult", {
      Name: request.bucket,
      Prefix: encode(options.prefix),
      Marker: encode(options.after),
      // Without a delimiter the last key is the marker: S3 API Reference, ListObjects.
      NextMarker: page.next === undefined || options.delimiter === "" ? undefined : encode(page.next),
      Delimiter: options.delimiter === "" ? undefined : encode(options.delimiter),
      MaxKeys: options.maxKeys,
      EncodingType: query.get("encoding-type"),
      IsTruncated: page.next !== undefined,
      ...listContents(request, state, page.keys, page.commonPrefixes, true),
    }),
  };
};

function listOptions(request: S3Request, after: string | undefined) {
  return {
    prefix: request.query.get("prefix") ?? "",
    delimiter: request.query.get("delimiter") ?? "",
    after: after ?? "",
    maxKeys: readCount(request, "max-keys", MAX_KEYS),
  };
}

function listContents(
  request: S3Request,
  { store }: S3State,
  keys: readonly string[],
  commonPrefixes: readonly string[],
  withOwner: boolean,
): XmlElements {
  const encode = createKeyEncoder(request);
  const Contents = keys.flatMap((key) => {
    const object = store.object(request.bucket, key);
    if (object === undefined) return [];
    return {
      Key: encode(key),
      LastModified: formatIso(object.modifiedMs),
      ETag: `"${object.etag}"`,
      ChecksumAlgorithm: object.checksum.algorithm,
      ChecksumType: object.checksum.type,
      Size: object.sizeBytes,
      Owner: withOwner ? OWNER : undefined,
      StorageClass: storageClassOf(object),
    };
  });
  return { Contents, CommonPrefixes: commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })) };
}

/** Encodes where a page ended in base64. The token is opaque to clients. */
function encodeToken(next: string | undefined): string | undefined {
  return next === undefined ? undefined : Buffer.from(next).toString("base64");
}

function decodeToken(token: string | undefined): string {
  if (token === undefined) return "";
  const text = Buffer.from(token, "base64").toString();
  if (encodeToken(text) === token && token !== "") return text;
  throw invalidArgument("The continuation token provided is incorrect", "continuation-token", token);
}

export const deleteObjects: S3Operation = async (request, state) => {
  requireBucket(state, request.bucket);
  const { text, hasDigest } = await readXmlBody(request);
  if (!hasDigest) {
    throw invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  const order = parseXml(text, "Delete");
  const objects = childrenOf(order, "Object").map(parseObjectToDelete);
  if (objects.length === 0 || objects.length > MAX_KEYS) throw malformedXml();
  const Deleted: XmlElements[] = [];
  const refused: XmlElements[] = [];
  for (const { key, versionId, etag } of objects) {
    try {
      const removal = await removeOne(request, state, { key, versionId, etag });
      const marker = removal.isDeleteMarker && {
        DeleteMarker: true,
        DeleteMarkerVersionId: removal.versionId,
      };
      Deleted.push({ Key: key, VersionId: versionId, ...marker });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      refused.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message });
    }
  }
  const isQuiet = childText(order, "Quiet") === "true";
  return { status: 200, xml: buildXml("DeleteResult", { Deleted: isQuiet ? [] : Deleted, Error: refused }) };
};

interface ObjectToDelete {
  key: string;
  versionId: string | undefined;
  /** The object is deleted only if it has this ETag; `*` matches any. */
  etag: string | undefined;
}

/** @throws {AwsError} MalformedXML, NotImplemented */
function parseObjectToDelete(object: XmlNode): ObjectToDelete {
  for (const name of ["LastModifiedTime", "Size"]) {
    // These conditions exist for directory buckets only.
    if (childrenOf(object, name).length > 0) throw notImplemented(`DeleteObjects with ${name}`);
  }
  const key = childText(object, "Key");
  if (key === undefined || key === "") throw malformedXml();
  return { key, versionId: childText(object, "VersionId"), etag: childText(object, "ETag") };
}

async function removeOne(
  { bucket }: S3Request,
  state: S3State,
  { key, versionId, etag }: ObjectToDelete,
): Promise<Removal> {
  if (versionId !== undefined) checkVersionId(requireBucket(state, bucket), versionId);
  const checkBeforeCommit = () => {
    const object = state.store.object(bucket, key);
    if (etag !== undefined && object !== undefined) checkMatch(etag, object);
  };
  return await removeObject(state, bucket, key, versionId, checkBeforeCommit);
}
