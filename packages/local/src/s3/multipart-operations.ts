/** Creates multipart uploads, stores their parts, and aborts them. */
import { parseObjectAttributes } from "./attributes.js";
import {
  type ChecksumType,
  checksumHeader,
  checksumInHeaders,
  DEFAULT_CHECKSUM_ALGORITHM,
  defaultChecksumType,
  parseChecksumAlgorithm,
} from "./checksums.js";
import { copyResult, findCopySource } from "./copy-operations.js";
import { type DigestedBytes, withDigests } from "./digests.js";
import { requireBucket, type S3Operation, type S3State } from "./operation.js";
import { withPayload } from "./payload.js";
import type { S3Request } from "./request.js";
import { invalidArgument, invalidRequest, noSuchUpload } from "./s3-errors.js";
import type { PartRecord, UploadRecord } from "./upload-store.js";
import { buildXml } from "./xml.js";

export const MAX_PARTS = 10_000;

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

/**
 * Returns the upload that the request names, if it belongs to its key.
 *
 * @throws {AwsError} NoSuchBucket, NoSuchUpload
 */
export function requireUpload(request: S3Request, state: S3State): UploadRecord {
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
  const part = await withPayload(request, upload.algorithm, (payload) =>
    storePart(request, state, upload, payload),
  );
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
  const { withBytes, headers } = findCopySource(request, state);
  const part = await withBytes(async (bytes) =>
    storePart(request, state, upload, withDigests(bytes, upload.algorithm)),
  );
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

export const abortMultipartUpload: S3Operation = async (request, state) => {
  const upload = requireUpload(request, state);
  await state.store.uploads.remove(upload.uploadId);
  return { status: 204 };
};
