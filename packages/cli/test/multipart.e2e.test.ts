import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { startLocal } from "@fota/local";
import { afterEach, beforeEach, expect, test } from "vitest";
import { standInAccess } from "../src/aws/access.js";
import { openS3 } from "../src/aws/s3.js";
import { hasImage, uploadImage } from "../src/aws/upload.js";
import { readImageFile } from "../src/image/image-file.js";
import { BUCKET, type Fault, startScriptedAws } from "./scripted-aws.js";

const MIB = 1024 * 1024;
const bytes = randomBytes(17 * MIB);
const closing: (() => Promise<void>)[] = [];
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-multipart-"));
  path = join(folder, "app.bin");
  await writeFile(path, bytes);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true });
});

/** Uploads the image at `endpoint` as over a network, in parts. */
async function uploadTo(endpoint: string, key: string, onRead = async () => {}) {
  const interrupt = new AbortController();
  const counts: number[] = [];
  const options = { cwd: folder, signal: interrupt.signal, inParts: true, onBytes: () => {} };
  const image = await readImageFile({ path, slot: 1 }, options);
  await onRead();
  const s3 = openS3(standInAccess(endpoint, "us-east-1"), interrupt.signal);
  closing.push(async () => s3.close());
  const object = { bucket: BUCKET, key };
  const uploaded = uploadImage(s3, object, image, (count) => counts.push(count));
  return {
    image,
    s3,
    object,
    uploaded,
    interrupt,
    sentBytes: () => counts.reduce((sum, count) => sum + count, 0),
  };
}

async function startStandIn() {
  const local = await startLocal();
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const s3 = new S3Client({
    endpoint: local.endpoint,
    region: local.region,
    credentials,
    forcePathStyle: true,
  });
  closing.push(async () => s3.destroy(), local.stop);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  return { local, s3 };
}

async function digestOf(s3: S3Client, Key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  return createHash("sha256")
    .update((await Body?.transformToByteArray()) ?? "")
    .digest("hex");
}

test("a large image goes up in parts and is there as it was", async () => {
  const { local, s3 } = await startStandIn();
  const { s3: uploader, image, object, uploaded, sentBytes } = await uploadTo(local.endpoint, "app.bin");
  await uploaded;
  expect(sentBytes()).toBe(17 * MIB);
  expect(image.partSha256).toHaveLength(3);
  expect(await hasImage(uploader, object, image)).toBe(true);
  expect(await digestOf(s3, "app.bin")).toBe(image.sha256);
});

test("an interrupted upload goes on: the right parts are taken, a wrong one is sent again", async () => {
  const { local, s3 } = await startStandIn();
  const address = { Bucket: BUCKET, Key: "app.bin" };
  const begun = await s3.send(new CreateMultipartUploadCommand({ ...address, ChecksumAlgorithm: "SHA256" }));
  const upload = { ...address, UploadId: begun.UploadId, ChecksumAlgorithm: "SHA256" as const };
  await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: bytes.subarray(0, 8 * MIB) }));
  await s3.send(new UploadPartCommand({ ...upload, PartNumber: 2, Body: randomBytes(8 * MIB) }));
  const { image, uploaded } = await uploadTo(local.endpoint, "app.bin");
  await uploaded;
  expect(await digestOf(s3, "app.bin")).toBe(image.sha256);
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  expect(Uploads).toEqual([]); // it was this upload that was completed, and no other
});

test.each<[what: string, faults: Record<string, Fault>, code: string]>([
  ["no right to begin", { CreateMultipartUpload: { error: "AccessDenied" } }, "ACCESS_DENIED"],
  ["no right to send a part", { UploadPart: { error: "AccessDenied" } }, "ACCESS_DENIED"],
  ["a connection that breaks", { UploadPart: { cut: true } }, "ENDPOINT_UNREACHABLE"],
  ["a part that S3 refuses", { UploadPart: { status: 400, error: "BadDigest" } }, "UPLOAD_CORRUPT"],
  ["an end that S3 refuses", { CompleteMultipartUpload: { status: 400, error: "InvalidPart" } }, "AWS_ERROR"],
])("%s leaves no object", async (_what, faults, code) => {
  const aws = await startScriptedAws();
  closing.push(aws.stop);
  for (const [operation, fault] of Object.entries(faults)) aws.faults.set(operation, fault);
  const { uploaded } = await uploadTo(aws.endpoint, "app.bin");
  await expect(uploaded).rejects.toMatchObject({ code });
  expect(aws.objects.size).toBe(0);
});

test("who may not list uploads begins a new one", async () => {
  const aws = await startScriptedAws();
  closing.push(aws.stop);
  aws.faults.set("ListMultipartUploads", { error: "AccessDenied" });
  const { uploaded } = await uploadTo(aws.endpoint, "app.bin");
  await uploaded;
  expect(aws.objects.get("app.bin")?.equals(bytes)).toBe(true);
});

test("an object in parts whose ETag is the MD5 of all of it is what was sent", async () => {
  const aws = await startScriptedAws();
  closing.push(aws.stop);
  aws.knowsMd5Only = true; // as s3rver does
  const { uploaded, s3, image, object } = await uploadTo(aws.endpoint, "app.bin");
  await uploaded;
  expect(await hasImage(s3, object, image)).toBe(true);
  aws.objects.set("app.bin", randomBytes(17 * MIB));
  expect(await hasImage(s3, object, image)).toBe(false);
});

test.each([
  ["cut", () => writeFile(path, "short")],
  ["gone", () => rm(path)],
])("a file that is %s after it was read is found out, and its parts are dropped", async (_what, spoil) => {
  const aws = await startScriptedAws();
  closing.push(aws.stop);
  const { uploaded } = await uploadTo(aws.endpoint, "app.bin", spoil);
  await expect(uploaded).rejects.toMatchObject({ code: "IMAGE_CHANGED" });
  expect(aws.objects.size).toBe(0);
  expect(aws.asked).toContain("AbortMultipartUpload");
});

test.each(["BadDigest", "XAmzContentSHA256Mismatch"])(
  "a part refused with %s gives its upload up",
  async (error) => {
    const aws = await startScriptedAws();
    closing.push(aws.stop);
    aws.faults.set("UploadPart", { status: 400, error });
    const { uploaded } = await uploadTo(aws.endpoint, "app.bin");
    await expect(uploaded).rejects.toMatchObject({ code: "UPLOAD_CORRUPT" });
    expect(aws.asked).toContain("AbortMultipartUpload");
  },
);

test("Ctrl-C leaves the parts for the next run", async () => {
  const aws = await startScriptedAws();
  closing.push(aws.stop);
  const { uploaded, interrupt } = await uploadTo(aws.endpoint, "app.bin");
  aws.faults.set("UploadPart", { before: () => interrupt.abort() });
  await expect(uploaded).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(aws.asked).not.toContain("AbortMultipartUpload");
});
