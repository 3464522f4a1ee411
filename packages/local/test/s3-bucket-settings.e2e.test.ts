/** Settings of a bucket for public access, encryption and its policy, with the official SDK. */
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
  PutBucketPolicyCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createObjectStore } from "../src/s3/object-store.js";
import { type S3Host, startS3 } from "./s3-host.js";

const Bucket = "firmware";
let host: S3Host;
let s3: S3Client;

beforeAll(async () => {
  host = await startS3();
  s3 = host.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => host.stop());

const blocks = async () =>
  (await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration;

test("a new bucket blocks all public access and encrypts with keys of S3", async () => {
  expect(await blocks()).toEqual({
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  });
  const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  expect(ServerSideEncryptionConfiguration?.Rules).toEqual([
    { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false },
  ]);
});

test("the public access block is set, survives a restart and is deleted", async () => {
  const PublicAccessBlockConfiguration = { BlockPublicAcls: true, BlockPublicPolicy: false };
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  const expected = {
    BlockPublicAcls: true,
    IgnorePublicAcls: false,
    BlockPublicPolicy: false,
    RestrictPublicBuckets: false,
  };
  expect(await blocks()).toEqual(expected);
  const reopened = await createObjectStore({ dir: host.dir });
  expect(reopened.bucket(Bucket)?.publicAccessBlock).toEqual(expected);

  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await expect(blocks()).rejects.toMatchObject({ name: "NoSuchPublicAccessBlockConfiguration" });
});

test("there is no bucket policy, and setting one is refused", async () => {
  await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({
    name: "NoSuchBucketPolicy",
  });
  await expect(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: "{}" }))).rejects.toMatchObject({
    name: "NotImplemented",
  });
});

test("the settings of a missing bucket are not found", async () => {
  const missing = { Bucket: "no-such-bucket" };
  await expect(s3.send(new GetPublicAccessBlockCommand(missing))).rejects.toMatchObject({
    name: "NoSuchBucket",
  });
});
