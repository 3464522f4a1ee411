/** Multipart uploads. */
import { createHash } from "node:crypto";
import { AwsError } from "../errors.js";
import { uriEncodePath } from "../sigv4/sigv4.js";
import { parseObjectAttributes } from "./attributes.js";
import {
  CHECKSUM_ALGORITHMS,
  type Checksum,
  type ChecksumType,
  checksumHeader,
  checksumHeaders,
  checksumInHeaders,
  compositeChecksum,
  DEFAULT_CHECKSUM_ALGORITHM,
  defaultChecksumType,
  parseChecksumAlgorithm,
} from "./checksums.js";
import { checkWriteConditions } from "./conditions.js";
import { copyResult, findCopySource } from "./copy-operations.js";
import { type DigestedBytes, withChecksum, withDigests } from "./digests.js";
import { listEntries } from "./list.js";
import { requireBucket, type S3Operation, type S3State } from "./operation.js";
import { openPayload, readXmlBody } from "./payload.js";
import { type NewObject, type ObjectRecord, storageClassOf } from "./records.js";
import type { S3Request } from "./request.js";
import {
  badDigest,
  conditionalRequestConflict,
  invalidArgument,
  invalidRequest,
  malformedXml,
  noSuchUpload,
} from "./s3-errors.js";
import type { PartRecord, UploadRecord } from "./upload-store.js";
import { newVersionHeaders } from "./versions.js";
import { createKeyEncoder, formatIso, OWNER, readCount } from "./wire.js";
import { buildXml, childrenOf, childText, parseXml, type XmlElements, type XmlNode } from "./xml.js";

/** Every part except the last has at least 5 MiB. Source: S3 User Guide, "Amazon S3 multipart upload limits". */
const MIN_PART_BYTES = 5 * 1024 ** 2;
const MAX_PARTS = 10_000;
const MAX_LISTED = 1000;

export const createMultipartUpload: S3Operation = async (request, state) => {
  const { bucket, key, headers } = request;
  requireBucket(state, bucket);
  const asked = headers["x-amz-checksum-algorithm"];
  const algorithm = asked === undefined ? DEFAULT_CHECKSUM_ALGORITHM : parseChecksumAlgorithm(asked);
  const askedType = parseChecksumType(headers["x-amz-checksum-type"]);
  if (askedType !== undefined && asked === undefined) {
    throw invalidRequest(
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    );
  }
  const checksumType = askedType ?? defaultChecksumType(algorithm);
  if (checksumType === "FULL_OBJECT" ? algorithm.startsWith("SHA") : algorithm === "CRC64NVME") {
    throw invalidRequest(
      `The ${checksumType} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    );
  }
  const upload = await state.store.uploads.create({
    ...parseObjectAttributes(headers),
    bucket,
    key,
    createdMs: state.clock.nowMs(),
    algorithm,
    checksumType,
    algorithmChosen: asked !== undefined,
    objectAtStart: state.store.object(bucket, key)?.sequence ?? null,
  });
  const answerHeaders = {
    "x-amz-server-side-encryption": "AES256",
    ...(asked !== undefined && {
      "x-amz-checksum-algorithm": algorithm,
      "x-amz-checksum-type": checksumType,
    }),
  };
  const content = { Bucket: bucket, Key: key, UploadId: upload.uploadId };
  return {
    status: 200,
    headers: answerHeaders,
    xml: buildXml("InitiateMultipartUploadResult", content),
  };
};

function parseChecksumType(text: string | undefined): ChecksumType | undefined {
  if (text === undefined || text === "FULL_OBJECT" || text === "COMPOSITE") return text;
  throw invalidRequest(`Value for x-amz-checksum-type header is invalid: ${text}`);
}

/** Returns the checksum members for lists: only if the uploader chose the algorithm. */
function chosenChecksum({ algorithmChosen, algorithm, checksumType }: UploadRecord): XmlElements {
  return algorithmChosen ? { ChecksumAlgorithm: algorithm, ChecksumType: checksumType } : {};
}

/** Returns the upload that the request names, if it belongs to its key. @throws {AwsError} NoSuchBucket, NoSuchUpload */
function requireUpload(request: S3Request, state: S3State): UploadRecord {
  requireBucket(state, request.bucket);
  const uploadId = request.query.get("uploadId") ?? "";
  const upload = state.store.uploads.upload(uploadId);
  if (upload?.bucket !== request.bucket || upload.key !== request.key) throw noSuchUpload(uploadId);
  return upload;
}

export const uploadPart: S3Operation = async (request, state) => {
  const upload = requireUpload(request, state);
  const declared = checksumInHeaders(request.headers)?.algorithm;
  if (declared !== undefined && upload.algorithmChosen && declared !== upload.algorithm) {
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, actual checksum Type: ${declared.toLowerCase()}`,
    );
  }
  const part = await storePart(request, state, upload, openPayload(request, upload.algorithm));
  return {
    status: 200,
    headers: {
      etag: `"${part.etag}"`,
      "x-amz-server-side-encryption": "AES256",
      [checksumHeader(part.checksum.algorithm)]: part.checksum.value,
    },
  };
};

export const uploadPartCopy: S3Operation = async (request, state) => {
  const upload = requireUpload(request, state);
  const { open, headers } = findCopySource(request, state);
  const part = await storePart(request, state, upload, withDigests(open(), upload.algorithm));
  return {
    status: 200,
    headers: { ...headers, "x-amz-server-side-encryption": "AES256" },
    xml: buildXml("CopyPartResult", copyResult(part)),
  };
};

function storePart(
  request: S3Request,
  state: S3State,
  upload: UploadRecord,
  payload: DigestedBytes,
): Promise<PartRecord> {
  const text = request.query.get("partNumber") ?? "";
  const partNumber = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (partNumber < 1 || partNumber > MAX_PARTS) {
    throw invalidArgument(
      `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`,
      "partNumber",
      text,
    );
  }
  return state.store.uploads.putPart(upload.uploadId, payload.bytes, (sizeBytes) => {
    const { md5, checksum } = payload.digests();
    return { partNumber, sizeBytes, etag: md5.toString("hex"), checksum, modifiedMs: state.clock.nowMs() };
  });
}

export const completeMultipartUpload: S3Operation = async (request, state) => {
  const upload = requireUpload(request, state);
  const { bucket, key, headers } = request;
  // The checksum headers of this request belong to the object, not to this body.
  const { text } = await readXmlBody({ ...request, headers: withoutChecksums(headers) });
  const requested = parseXml(text, "CompleteMultipartUpload");
  const parts = chooseParts(
    upload,
    state.store.uploads.parts(upload.uploadId),
    childrenOf(requested, "Part"),
  );
  const expectedBytes = headers["x-amz-mp-object-size"];
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (expectedBytes !== undefined && expectedBytes !== String(sizeBytes)) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${expectedBytes} does not match what was computed: ${sizeBytes}`,
    );
  }
  const checkBeforeCommit = () => {
    requireUpload(request, state);
    const now = state.store.uploads.parts(upload.uploadId);
    if (!parts.every((part) => now.includes(part))) {
      throw new AwsError("OperationAborted", 409, "A part was replaced while the upload was being completed");
    }
    const existing = state.store.object(bucket, key);
    checkWriteConditions(headers, key, existing);
    checkNoConflict(headers, upload, existing);
  };
  checkBeforeCommit();

  async function* joined(): AsyncGenerator<Buffer> {
    for (const part of parts) yield* state.store.uploads.readPart(upload.uploadId, part);
  }
  const composite = () =>
    compositeChecksum(
      upload.algorithm,
      parts.map((part) => part.checksum.value),
    );
  // A composite checksum follows from the parts' checksums, so their bytes need not be read again.
  const whole =
    upload.checksumType === "FULL_OBJECT"
      ? withChecksum(joined(), upload.algorithm)
      : {
          bytes: parts.map((part) => state.store.uploads.partFile(upload.uploadId, part)),
          checksum: composite,
        };
  const makeRecord = (): NewObject => {
    const checksum = whole.checksum();
    checkDeclaredChecksum(headers, checksum);
    return {
      headers: upload.headers,
      metadata: upload.metadata,
      tags: upload.tags,
      ...(upload.storageClass !== undefined && { storageClass: upload.storageClass }),
      key,
      sizeBytes,
      etag: multipartEtag(parts),
      modifiedMs: state.clock.nowMs(),
      checksum,
      partSizesBytes: parts.map((part) => part.sizeBytes),
    };
  };
  const object = await state.store.put(bucket, whole.bytes, makeRecord, checkBeforeCommit);
  await state.store.uploads.remove(upload.uploadId);
  return {
    status: 200,
    headers: {
      "x-amz-server-side-encryption": "AES256",
      ...checksumHeaders(object.checksum),
      ...newVersionHeaders(requireBucket(state, bucket), object),
    },
    xml: buildXml("CompleteMultipartUploadResult", {
      Location: `${request.origin}/${bucket}/${uriEncodePath(key)}`,
      Bucket: bucket,
      Key: key,
      ETag: `"${object.etag}"`,
      [`Checksum${object.checksum.algorithm}`]: object.checksum.value,
      ChecksumType: object.checksum.type,
    }),
  };
};

/**
 * Refuses a conditional completion if the object was written or deleted after the upload began.
 *
 * @throws {AwsError} ConditionalRequestConflict
 */
function checkNoConflict(
  headers: Readonly<Record<string, string>>,
  upload: UploadRecord,
  existing: ObjectRecord | undefined,
): void {
  if (upload.objectAtStart === undefined || upload.objectAtStart === (existing?.sequence ?? null)) return;
  if (headers["if-match"] !== undefined) throw conditionalRequestConflict("If-Match", upload.key);
  if (headers["if-none-match"] !== undefined) throw conditionalRequestConflict("If-None-Match", upload.key);
}

function withoutChecksums(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith("x-amz-checksum-")));
}

/**
 * Returns the stored parts that the request lists, in its order.
 *
 * @throws {AwsError} MalformedXML, InvalidPart, InvalidPartOrder, EntityTooSmall
 */
function chooseParts(
  upload: UploadRecord,
  stored: readonly PartRecord[],
  requested: readonly XmlNode[],
): PartRecord[] {
  if (requested.length === 0 || requested.length > MAX_PARTS) throw malformedXml();
  const byNumber = new Map(stored.map((part) => [part.partNumber, part]));
  let previous = 0;
  const parts = requested.map((node) => {
    const partNumber = Number(childText(node, "PartNumber") ?? Number.NaN);
    const etag = childText(node, "ETag")?.replace(/^"(.*)"$/, "$1");
    if (!Number.isInteger(partNumber) || etag === undefined) throw malformedXml();
    if (partNumber <= previous) {
      throw new AwsError(
        "InvalidPartOrder",
        400,
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
        { UploadId: upload.uploadId },
      );
    }
    previous = partNumber;
    const part = byNumber.get(partNumber);
    if (part === undefined || part.etag !== etag || !checksumsMatch(upload, part, node)) {
      throw new AwsError(
        "InvalidPart",
        400,
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { UploadId: upload.uploadId, PartNumber: String(partNumber), ETag: etag },
      );
    }
    return part;
  });
  const small = parts.slice(0, -1).find((part) => part.sizeBytes < MIN_PART_BYTES);
  if (small !== undefined) {
    throw new AwsError(
      "EntityTooSmall",
      400,
      "Your proposed upload is smaller than the minimum allowed size",
      {
        ProposedSize: String(small.sizeBytes),
        MinSizeAllowed: String(MIN_PART_BYTES),
        PartNumber: String(small.partNumber),
        ETag: small.etag,
      },
    );
  }
  return parts;
}

/** Compares a part's checksum with the request. As at S3, a composite checksum that the uploader chose requires it. */
function checksumsMatch(upload: UploadRecord, part: PartRecord, node: XmlNode): boolean {
  if (upload.algorithmChosen && upload.checksumType === "COMPOSITE") {
    if (childText(node, `Checksum${upload.algorithm}`) === undefined) {
      const algorithm = upload.algorithm.toLowerCase();
      throw invalidRequest(
        `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${part.partNumber} in the request.`,
      );
    }
  }
  return CHECKSUM_ALGORITHMS.every((algorithm) => {
    const given = childText(node, `Checksum${algorithm}`);
    return given === undefined || (part.checksum.algorithm === algorithm && part.checksum.value === given);
  });
}

/** Returns the MD5 of the parts' MD5s, and the number of parts. */
function multipartEtag(parts: readonly PartRecord[]): string {
  const md5 = createHash("md5");
  for (const part of parts) md5.update(part.etag, "hex");
  return `${md5.digest("hex")}-${parts.length}`;
}

function checkDeclaredChecksum(headers: Readonly<Record<string, string>>, checksum: Checksum): void {
  const declared = checksumInHeaders(headers);
  if (declared === undefined) return;
  const value = checksum.value.replace(/-\d+$/, "");
  if (declared.algorithm === checksum.algorithm && declared.value.replace(/-\d+$/, "") === value) return;
  throw badDigest(`The ${declared.algorithm} you specified did not match the calculated checksum.`);
}

export const abortMultipartUpload: S3Operation = async (request, state) => {
  const upload = requireUpload(request, state);
  await state.store.uploads.remove(upload.uploadId);
  return { status: 204 };
};

export const listParts: S3Operation = (request, state) => {
  const upload = requireUpload(request, state);
  const maxParts = readCount(request, "max-parts", MAX_LISTED);
  const marker = readCount(request, "part-number-marker", MAX_PARTS);
  const after = request.query.has("part-number-marker") ? marker : 0;
  const following = state.store.uploads.parts(upload.uploadId).filter((part) => part.partNumber > after);
  const page = following.slice(0, maxParts);
  const truncated = following.length > page.length;
  return {
    status: 200,
    xml: buildXml("ListPartsResult", {
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: upload.uploadId,
      Initiator: OWNER,
      Owner: OWNER,
      StorageClass: storageClassOf(upload),
      PartNumberMarker: after,
      NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
      MaxParts: maxParts,
      IsTruncated: truncated,
      ...chosenChecksum(upload),
      Part: page.map((part) => ({
        PartNumber: part.partNumber,
        LastModified: formatIso(part.modifiedMs),
        ETag: `"${part.etag}"`,
        Size: part.sizeBytes,
        [`Checksum${part.checksum.algorithm}`]: part.checksum.value,
      })),
    }),
  };
};

export const listMultipartUploads: S3Operation = (request, state) => {
  requireBucket(state, request.bucket);
  const { query } = request;
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const keyMarker = query.get("key-marker") ?? "";
  // S3 ignores it without a key marker: S3 API Reference, ListMultipartUploads.
  const uploadIdMarker = keyMarker === "" ? undefined : query.get("upload-id-marker");
  const maxUploads = readCount(request, "max-uploads", MAX_LISTED);
  const encode = createKeyEncoder(request);
  const uploads = state.store.uploads
    .list(request.bucket)
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.createdMs - b.createdMs);
  const byKey = new Map<string, UploadRecord[]>();
  for (const upload of uploads) byKey.set(upload.key, [...(byKey.get(upload.key) ?? []), upload]);
  const uploadsOf = (key: string) => byKey.get(key) ?? [];
  const page = listEntries([...byKey.keys()], uploadsOf, ({ uploadId }) => uploadId, {
    prefix,
    delimiter,
    maxKeys: maxUploads,
    after: keyMarker,
    afterId: uploadIdMarker || undefined,
  });
  const Upload = page.entries.map(
    (upload): XmlElements => ({
      Key: encode(upload.key),
      UploadId: upload.uploadId,
      Initiator: OWNER,
      Owner: OWNER,
      StorageClass: storageClassOf(upload),
      Initiated: formatIso(upload.createdMs),
      ...chosenChecksum(upload),
    }),
  );
  return {
    status: 200,
    xml: buildXml("ListMultipartUploadsResult", {
      Bucket: request.bucket,
      Prefix: encode(prefix),
      Delimiter: delimiter === "" ? undefined : encode(delimiter),
      KeyMarker: encode(keyMarker),
      UploadIdMarker: uploadIdMarker ?? "",
      // Also set on the last page.
      NextKeyMarker: encode(page.last?.key ?? ""),
      NextUploadIdMarker: page.last?.id ?? "",
      MaxUploads: maxUploads,
      EncodingType: query.get("encoding-type"),
      IsTruncated: page.next !== undefined,
      Upload,
      CommonPrefixes: page.commonPrefixes.map((each) => ({ Prefix: encode(each) })),
    }),
  };
};
