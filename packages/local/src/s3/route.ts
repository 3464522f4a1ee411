/** Finds the S3 operation of a request. */
import { AwsError } from "../errors.js";
import {
  createBucket,
  deleteBucket,
  deleteObjects,
  getBucketLocation,
  headBucket,
  listBuckets,
  listObjects,
  listObjectsV2,
} from "./bucket-operations.js";
import {
  deletePublicAccessBlock,
  getBucketEncryption,
  getBucketPolicy,
  getPublicAccessBlock,
  putPublicAccessBlock,
} from "./bucket-settings.js";
import { completeMultipartUpload } from "./complete-upload.js";
import { copyObject } from "./copy-operations.js";
import { listMultipartUploads, listParts } from "./list-uploads.js";
import {
  abortMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from "./multipart-operations.js";
import { deleteObject, getObject, getObjectAttributes, headObject, putObject } from "./object-operations.js";
import type { S3Operation } from "./operation.js";
import type { S3Request } from "./request.js";
import { notImplemented } from "./s3-errors.js";
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from "./tagging.js";
import { getBucketVersioning, listObjectVersions, putBucketVersioning } from "./versions.js";

/**
 * Query parameters that select another operation. Those without an operation below are answered with NotImplemented.
 */
const SUBRESOURCES = [
  "abac",
  "accelerate",
  "acl",
  "analytics",
  "attributes",
  "cors",
  "delete",
  "encryption",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "lifecycle",
  "location",
  "logging",
  "metadataConfiguration",
  "metadataInventoryTable",
  "metadataJournalTable",
  "metadataTable",
  "metrics",
  "notification",
  "object-lock",
  "ownershipControls",
  "policy",
  "policyStatus",
  "publicAccessBlock",
  "renameObject",
  "replication",
  "requestPayment",
  "restore",
  "retention",
  "select",
  "session",
  "tagging",
  "torrent",
  "uploadId",
  "uploads",
  "versioning",
  "versions",
  "website",
] as const;

const SERVICE_OPERATIONS: Readonly<Record<string, S3Operation>> = { GET: listBuckets };

const BUCKET_OPERATIONS: Readonly<Record<string, S3Operation>> = {
  GET: listObjects,
  "GET list-type=2": listObjectsV2,
  "GET encryption": getBucketEncryption,
  "GET location": getBucketLocation,
  "GET policy": getBucketPolicy,
  "GET publicAccessBlock": getPublicAccessBlock,
  "GET uploads": listMultipartUploads,
  "GET versioning": getBucketVersioning,
  "GET versions": listObjectVersions,
  HEAD: headBucket,
  PUT: createBucket,
  "PUT publicAccessBlock": putPublicAccessBlock,
  "PUT versioning": putBucketVersioning,
  DELETE: deleteBucket,
  "DELETE publicAccessBlock": deletePublicAccessBlock,
  "POST delete": deleteObjects,
};

const OBJECT_OPERATIONS: Readonly<Record<string, S3Operation>> = {
  GET: getObject,
  "GET attributes": getObjectAttributes,
  "GET tagging": getObjectTagging,
  "GET uploadId": listParts,
  HEAD: headObject,
  PUT: putObject,
  "PUT copy": copyObject,
  "PUT tagging": putObjectTagging,
  "PUT uploadId": uploadPart,
  "PUT uploadId copy": uploadPartCopy,
  DELETE: deleteObject,
  "DELETE tagging": deleteObjectTagging,
  "DELETE uploadId": abortMultipartUpload,
  "POST uploads": createMultipartUpload,
  "POST uploadId": completeMultipartUpload,
};

/** @throws {AwsError} NotImplemented with the name of the missing operation, MethodNotAllowed */
export function findOperation(request: S3Request): S3Operation {
  const { method, bucket, key, query, headers } = request;
  const operations = bucket === "" ? SERVICE_OPERATIONS : key === "" ? BUCKET_OPERATIONS : OBJECT_OPERATIONS;
  const parts: string[] = [method];
  parts.push(...SUBRESOURCES.filter((name) => query.has(name)));
  if (key === "" && query.get("list-type") === "2" && parts.length === 1) parts.push("list-type=2");
  if (key !== "" && method === "PUT" && headers["x-amz-copy-source"] !== undefined) parts.push("copy");
  const operation = operations[parts.join(" ")];
  if (operation !== undefined) return operation;
  if (!["GET", "HEAD", "PUT", "POST", "DELETE"].includes(method)) {
    throw new AwsError(
      "MethodNotAllowed",
      405,
      "The specified method is not allowed against this resource.",
      {
        Method: method,
        ResourceType: bucket === "" ? "SERVICE" : key === "" ? "BUCKET" : "OBJECT",
      },
    );
  }
  const [, ...named] = parts;
  const where = bucket === "" ? "the service" : key === "" ? "a bucket" : "an object";
  throw notImplemented(`${method} of ${where}${named.map((name) => ` ?${name}`).join("")}`);
}
