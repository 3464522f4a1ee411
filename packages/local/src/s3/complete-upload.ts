/** CompleteMultipartUpload. */
import { createHash } from "node:crypto";
import { AwsError } from "../errors.js";
import { uriEncodePath } from "../sigv4/sigv4.js";
import {
  CHECKSUM_ALGORITHMS,
  type Checksum,
  checksumHeaders,
  checksumInHeaders,
  compositeChecksum,
  joinedChecksum,
} from "./checksums.js";
import { checkWriteConditions } from "./conditions.js";
import { withChecksum } from "./digests.js";
import { MAX_PARTS, requireUpload } from "./multipart-operations.js";
import { requireBucket, type S3Operation, type S3State } from "./operation.js";
import { readXmlBody } from "./payload.js";
import type { NewObject, ObjectRecord } from "./records.js";
import { badDigest, conditionalRequestConflict, invalidRequest, malformedXml } from "./s3-errors.js";
import type { PartRecord, UploadRecord } from "./upload-store.js";
import { newVersionHeaders } from "./versions.js";
import { buildXml, childrenOf, childText, parseXml, type XmlNode } from "./xml.js";

/** Every part except the last has at least 5 MiB. Source: S3 User Guide, "Amazon S3 multipart upload limits". */
const MIN_PART_BYTES = 5 * 1024 ** 2;

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

  const checksum = await checksumOf(upload, parts, state);
  checkDeclaredChecksum(headers, checksum);
  const makeRecord = (): NewObject => {
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
  const storedParts = {
    uploadId: upload.uploadId,
    partNumbers: parts.map((part) => part.partNumber),
  };
  const object = await state.store.putParts(bucket, storedParts, makeRecord, checkBeforeCommit);
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

/** Computes the object's checksum from those of the parts; reads their bytes only if they have another algorithm's. */
async function checksumOf(
  { uploadId, algorithm, checksumType }: UploadRecord,
  parts: readonly PartRecord[],
  { store }: S3State,
): Promise<Checksum> {
  if (checksumType === "COMPOSITE") {
    return compositeChecksum(
      algorithm,
      parts.map((part) => part.checksum.value),
    );
  }
  if (parts.every((part) => part.checksum.algorithm === algorithm)) return joinedChecksum(algorithm, parts);
  const whole = withChecksum(store.uploads.read(uploadId, parts), algorithm);
  for await (const _ of whole.bytes);
  return whole.checksum();
}

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
