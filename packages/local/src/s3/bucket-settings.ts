/** What a bucket says of who may reach it and how it encrypts. */
import { AwsError } from "../errors.js";
import { requireBucket, type S3Operation } from "./operation.js";
import { readXmlBody } from "./payload.js";
import type { PublicAccessBlock } from "./records.js";
import { malformedXml } from "./s3-errors.js";
import { buildXml, parseXml, textOf } from "./xml.js";

/** All four are on in a new bucket, since April 2023. Source: S3 User Guide, "Blocking public access". */
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
    const text = textOf(configuration, name) ?? "false";
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

/** Every bucket of S3 encrypts with keys of S3 unless told otherwise, since January 2023. */
export const getBucketEncryption: S3Operation = (request, state) => {
  requireBucket(state, request.bucket);
  const Rule = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
    BucketKeyEnabled: false,
  };
  return { status: 200, xml: buildXml("ServerSideEncryptionConfiguration", { Rule }) };
};

/** There never is one: PutBucketPolicy is refused. */
export const getBucketPolicy: S3Operation = (request, state) => {
  requireBucket(state, request.bucket);
  throw new AwsError("NoSuchBucketPolicy", 404, "The bucket policy does not exist", {
    BucketName: request.bucket,
  });
};
