/** Settings of a bucket: public access, encryption, policy. */
import { AwsError } from "../errors.js";
import { requireBucket, type S3Operation } from "./operation.js";
import { readXmlBody } from "./payload.js";
import type { PublicAccessBlock } from "./records.js";
import { malformedXml } from "./s3-errors.js";
import { buildXml, childText, parseXml } from "./xml.js";

/** New buckets have all four since April 2023. Source: S3 User Guide, "Blocking public access". */
const NEW_BUCKETS: PublicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

export const getPublicAccessBlock: S3Operation = (request, state) => {
  const { publicAccessBlock = NEW_BUCKETS } = requireBucket(state, request.bucket);
  if (publicAccessBlock !== null) {
    return { status: 200, xml: buildXml("PublicAccessBlockConfiguration", { ...publicAccessBlock }) };
  }
  const message = "The public access block configuration was not found";
  throw new AwsError("NoSuchPublicAccessBlockConfiguration", 404, message, { BucketName: request.bucket });
};

export const putPublicAccessBlock: S3Operation = async (request, state) => {
  requireBucket(state, request.bucket);
  const configuration = parseXml((await readXmlBody(request)).text, "PublicAccessBlockConfiguration");
  const isOn = (name: keyof PublicAccessBlock) => {
    const text = childText(configuration, name) ?? "false";
    if (text !== "true" && text !== "false") throw malformedXml();
    return text === "true";
  };
  const publicAccessBlock = {
    BlockPublicAcls: isOn("BlockPublicAcls"),
    IgnorePublicAcls: isOn("IgnorePublicAcls"),
    BlockPublicPolicy: isOn("BlockPublicPolicy"),
    RestrictPublicBuckets: isOn("RestrictPublicBuckets"),
  };
  await state.store.changeBucket(request.bucket, { publicAccessBlock });
  return { status: 200 };
};

export const deletePublicAccessBlock: S3Operation = async (request, state) => {
  await state.store.changeBucket(request.bucket, { publicAccessBlock: null });
  return { status: 204 };
};

/** Answers with the default of S3 since January 2023: encryption with keys that S3 manages. */
export const getBucketEncryption: S3Operation = (request, state) => {
  requireBucket(state, request.bucket);
  const Rule = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
    BucketKeyEnabled: false,
  };
  return { status: 200, xml: buildXml("ServerSideEncryptionConfiguration", { Rule }) };
};

/** Answers that there is no policy: PutBucketPolicy is refused. */
export const getBucketPolicy: S3Operation = (request, state) => {
  requireBucket(state, request.bucket);
  throw new AwsError("NoSuchBucketPolicy", 404, "The bucket policy does not exist", {
    BucketName: request.bucket,
  });
};
