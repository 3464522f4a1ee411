/** ListParts and ListMultipartUploads. */
import { SortedList } from "../listing/sorted-list.js";
import { listEntries } from "./list.js";
import { MAX_PARTS, requireUpload } from "./multipart-operations.js";
import { requireBucket, type S3Operation } from "./operation.js";
import { storageClassOf } from "./records.js";
import type { UploadRecord } from "./upload-store.js";
import { compareUtf8 } from "./utf8-order.js";
import { createKeyEncoder, formatIso, OWNER, readCount } from "./wire.js";
import { buildXml, type XmlElements } from "./xml.js";

const MAX_LISTED = 1000;

/** Returns the checksum members for lists: only if the uploader chose the algorithm. */
function chosenChecksum({ algorithmChosen, algorithm, checksumType }: UploadRecord): XmlElements {
  return algorithmChosen ? { ChecksumAlgorithm: algorithm, ChecksumType: checksumType } : {};
}

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
  const uploads = state.store.uploads.list(request.bucket).sort((a, b) => a.createdMs - b.createdMs);
  const byKey = new Map<string, UploadRecord[]>();
  for (const upload of uploads) byKey.set(upload.key, [...(byKey.get(upload.key) ?? []), upload]);
  const uploadsOf = (key: string) => byKey.get(key) ?? [];
  const page = listEntries(new SortedList(compareUtf8, byKey.keys()), uploadsOf, ({ uploadId }) => uploadId, {
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
