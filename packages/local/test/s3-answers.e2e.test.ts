import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { rawGet } from "./raw-http.js";
import { type S3Host, startS3 } from "./s3-host.js";

// Details of S3's answers that differ from what one would expect; each was recorded from S3.

let host: S3Host;
let s3: S3Client;
/** A client that adds no checksums. */
let plain: S3Client;
let count = 0;
let Bucket = "";
const Key = "image.bin";

beforeAll(async () => {
  host = await startS3();
  s3 = host.client();
  plain = host.client({
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
});

afterAll(() => host.stop());

beforeEach(async () => {
  count += 1;
  Bucket = `answers-${count}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
});

const put = (Body: string, more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

async function refusal(asked: Promise<unknown>): Promise<[string, number]> {
  const error = await asked.then(
    () => expect.fail("it was answered"),
    (thrown: { name: string; $metadata: { httpStatusCode: number } }) => thrown,
  );
  return [error.name, error.$metadata.httpStatusCode];
}

/** Returns the raw XML of the answer. */
async function xmlOf(path: string): Promise<string> {
  const authorization =
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
  return (await rawGet(`${host.endpoint}/${path}`, { headers: { authorization } })).text;
}

test("If-Modified-Since in the future is ignored", async () => {
  const { ETag } = await put("x");
  const { LastModified } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  const inSeconds = (seconds: number) => new Date(Number(LastModified) + seconds * 1000);
  const get = (IfModifiedSince: Date) => s3.send(new GetObjectCommand({ Bucket, Key, IfModifiedSince }));
  expect((await get(inSeconds(3_600))).ETag).toBe(ETag);
  expect((await get(inSeconds(-1))).ETag).toBe(ETag);
  expect((await refusal(get(inSeconds(0))))[1]).toBe(304);
  const copy = (CopySourceIfModifiedSince: Date) =>
    s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: "copy",
        CopySource: `${Bucket}/${Key}`,
        CopySourceIfModifiedSince,
      }),
    );
  await copy(inSeconds(3_600));
  await expect(copy(inSeconds(0))).rejects.toMatchObject({
    name: "PreconditionFailed",
    Condition: "x-amz-copy-source-If-Modified-Since",
  });
});

test("times in lists are whole seconds, as they are in headers", async () => {
  await put("x");
  await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "begun" }));
  for (const [path, element] of [
    ["", "CreationDate"],
    [Bucket, "LastModified"],
    [`${Bucket}?list-type=2`, "LastModified"],
    [`${Bucket}?versions`, "LastModified"],
    [`${Bucket}?uploads`, "Initiated"],
  ]) {
    expect(await xmlOf(`${path}`)).toMatch(new RegExp(`<${element}>[0-9T:-]{19}\\.000Z</${element}>`));
  }
  const { LastModified } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
  expect(Contents?.[0]?.LastModified).toEqual(LastModified);
});

test("an owner has an id but no name", async () => {
  await put("x");
  const Owner = { ID: expect.stringMatching(/.+/) };
  expect((await s3.send(new ListBucketsCommand({}))).Owner).toEqual(Owner);
  expect((await s3.send(new ListObjectsCommand({ Bucket }))).Contents?.[0]?.Owner).toEqual(Owner);
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const listed = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
  expect([listed.Owner, listed.Initiator]).toEqual([Owner, Owner]);
});

test("an upload without a chosen checksum names none, and refuses a checksum type alone", async () => {
  const upload = { Bucket, Key };
  const made = await plain.send(new CreateMultipartUploadCommand(upload));
  expect(made).not.toHaveProperty("ChecksumAlgorithm");
  expect(made).not.toHaveProperty("ChecksumType");
  const { UploadId } = made;
  expect(await plain.send(new ListPartsCommand({ ...upload, UploadId }))).not.toHaveProperty(
    "ChecksumAlgorithm",
  );
  const { Uploads } = await plain.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(Uploads?.[0]).not.toHaveProperty("ChecksumAlgorithm");
  const chosen = await plain.send(
    new CreateMultipartUploadCommand({ ...upload, ChecksumAlgorithm: "CRC32C" }),
  );
  expect(chosen).toMatchObject({ ChecksumAlgorithm: "CRC32C", ChecksumType: "COMPOSITE" });
  const typed = plain.send(new CreateMultipartUploadCommand({ ...upload, ChecksumType: "FULL_OBJECT" }));
  expect(await refusal(typed)).toEqual(["InvalidRequest", 400]);
});

test("a conditional completion fails if the object was created, changed or deleted meanwhile", async () => {
  const begin = async () => {
    const { UploadId } = await plain.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const part = { Bucket, Key, UploadId, PartNumber: 1, Body: "part" };
    const { ETag } = await plain.send(new UploadPartCommand(part));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    return (condition: object) =>
      plain.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload, ...condition }),
      );
  };
  const { ETag: IfMatch } = await put("one");
  const unchanged = await begin();
  await expect(unchanged({ IfMatch })).resolves.toHaveProperty("ETag");

  await put("one");
  const changed = await begin();
  await put("one");
  expect(await refusal(changed({ IfMatch: '"other"' }))).toEqual(["PreconditionFailed", 412]);
  expect(await refusal(changed({ IfMatch }))).toEqual(["ConditionalRequestConflict", 409]);
  await expect(changed({})).resolves.toHaveProperty("ETag");

  const deleted = await begin();
  await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  expect(await refusal(deleted({ IfNoneMatch: "*" }))).toEqual(["ConditionalRequestConflict", 409]);
  const first = await begin();
  await put("one");
  expect(await refusal(first({ IfNoneMatch: "*" }))).toEqual(["PreconditionFailed", 412]);
});

test("write conditions that S3 does not support are refused", async () => {
  const { ETag = "" } = await put("x");
  for (const condition of [{ IfMatch: "*" }, { IfNoneMatch: ETag }, { IfMatch: ETag, IfNoneMatch: "*" }]) {
    expect(await refusal(put("y", condition))).toEqual(["NotImplemented", 501]);
  }
});

test("without versioning, only the version null is accepted", async () => {
  await put("x");
  const VersionId = "A".repeat(32);
  const CopySource = `${Bucket}/${Key}?versionId=${VersionId}`;
  for (const asked of [
    () => s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId })),
    () => s3.send(new GetObjectCommand({ Bucket, Key, VersionId })),
    () => s3.send(new PutObjectTaggingCommand({ Bucket, Key, VersionId, Tagging: { TagSet: [] } })),
    () => s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource })),
  ]) {
    expect(await refusal(asked())).toEqual(["InvalidArgument", 400]);
  }
  const Delete = { Objects: [{ Key, VersionId }] };
  expect((await s3.send(new DeleteObjectsCommand({ Bucket, Delete }))).Errors).toMatchObject([
    { Key, VersionId, Code: "InvalidArgument" },
  ]);
  await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: "null" }));
  expect(await refusal(s3.send(new HeadObjectCommand({ Bucket, Key })))).toEqual(["NotFound", 404]);

  const Status = "Enabled" as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
});

test("a range of the whole object has its checksum, a smaller one has none", async () => {
  await put("0123456789", { ChecksumAlgorithm: "SHA256" });
  const get = (Range: string) =>
    s3.send(new GetObjectCommand({ Bucket, Key, Range, ChecksumMode: "ENABLED" }));
  for (const Range of ["bytes=0-", "bytes=0-9", "bytes=-10"]) {
    const { ChecksumSHA256, ContentRange, Body } = await get(Range);
    expect([ChecksumSHA256, ContentRange]).toEqual([expect.any(String), "bytes 0-9/10"]);
    expect(await Body?.transformToString()).toBe("0123456789");
  }
  expect(await get("bytes=1-")).not.toHaveProperty("ChecksumSHA256");
});

test("a copied part has its encryption in the answer, but no checksum type", async () => {
  await put("0123456789");
  const upload = { Bucket, Key: "parts" };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
  const copied = await s3.send(
    new UploadPartCopyCommand({ ...upload, UploadId, PartNumber: 1, CopySource: `${Bucket}/${Key}` }),
  );
  expect(copied.ServerSideEncryption).toBe("AES256");
  expect(copied.CopyPartResult).toMatchObject({ ETag: expect.any(String), LastModified: expect.any(Date) });
  expect(copied.CopyPartResult).not.toHaveProperty("ChecksumType");
});

test("with versioning suspended, a write returns no version id, a read does", async () => {
  const Status = "Suspended" as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  expect(await put("x")).not.toHaveProperty("VersionId");
  const CopySource = `${Bucket}/${Key}`;
  expect(await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource }))).toMatchObject({
    CopySourceVersionId: "null",
  });
  expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).VersionId).toBe("null");
});

test("an object can be copied to itself with another storage class", async () => {
  await put("x", { Metadata: { v: "1" } });
  const CopySource = `${Bucket}/${Key}`;
  const copy = (more: object) => s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));
  expect(await refusal(copy({}))).toEqual(["InvalidRequest", 400]);
  await copy({ StorageClass: "STANDARD_IA" });
  const head = () => s3.send(new HeadObjectCommand({ Bucket, Key }));
  expect(await head()).toMatchObject({ StorageClass: "STANDARD_IA", Metadata: { v: "1" } });
  const listed = [
    (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents,
    (await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions,
    [await s3.send(new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ["StorageClass"] }))],
  ];
  expect(listed).toMatchObject(Array(3).fill([{ StorageClass: "STANDARD_IA" }]));
  await copy({ StorageClass: "STANDARD" });
  expect(await head()).not.toHaveProperty("StorageClass"); // S3 omits it
  await copy({ ServerSideEncryption: "AES256" });
  expect(await refusal(copy({ StorageClass: "DEEP_ARCHIVE" }))).toEqual(["NotImplemented", 501]);

  const upload = { Bucket, Key: "parts", StorageClass: "GLACIER_IR" } as const;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
  expect(await s3.send(new ListPartsCommand({ Bucket, Key: "parts", UploadId }))).toMatchObject({
    StorageClass: "GLACIER_IR",
  });
});

test("a list with a token does not return start-after", async () => {
  for (const key of ["a", "b", "c"]) await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: "x" }));
  const list = (more: object) =>
    s3.send(new ListObjectsV2Command({ Bucket, StartAfter: "a", MaxKeys: 1, ...more }));
  const first = await list({});
  expect(first).toMatchObject({ StartAfter: "a", Contents: [{ Key: "b" }] });
  const rest = await list({ ContinuationToken: first.NextContinuationToken });
  expect(rest).toMatchObject({ ContinuationToken: first.NextContinuationToken, Contents: [{ Key: "c" }] });
  expect(rest).not.toHaveProperty("StartAfter");
});

test("lists of uploads and parts return their end, also on the last page", async () => {
  const empty = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(empty).toMatchObject({ IsTruncated: false, NextKeyMarker: "", NextUploadIdMarker: "" });
  const upload = { Bucket, Key };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
  expect(await s3.send(new ListMultipartUploadsCommand({ Bucket }))).toMatchObject({
    IsTruncated: false,
    NextKeyMarker: Key,
    NextUploadIdMarker: UploadId,
  });
  const parts = async () => await s3.send(new ListPartsCommand({ ...upload, UploadId }));
  expect(await xmlOf(`${Bucket}/${Key}?uploadId=${UploadId}`)).toContain(
    "<NextPartNumberMarker>0</NextPartNumberMarker>",
  );
  await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 7, Body: "x" }));
  expect(await parts()).toMatchObject({ IsTruncated: false, NextPartNumberMarker: "7" });
  await s3.send(new AbortMultipartUploadCommand({ ...upload, UploadId }));
});

test("presigned PUTs keep the conditions that their query has", async () => {
  const { ETag = "" } = await put("one");
  const send = async (name: string, value: string) => {
    const command = new PutObjectCommand({ Bucket, Key });
    command.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { query: object }).query, { [name]: value });
        return next(args);
      },
      { step: "build" },
    );
    const url = await getSignedUrl(plain, command);
    expect(url).toContain(`${name}=`);
    return (await rawGet(url, { method: "PUT", body: "two", headers: { "content-length": "3" } })).status;
  };
  expect(await send("If-None-Match", "*")).toBe(412);
  expect(await send("If-Match", '"other"')).toBe(412);
  expect(await send("if-match", ETag)).toBe(200);
});

test("of several objects, those with a matching ETag are deleted", async () => {
  const { ETag } = await put("x");
  await s3.send(new PutObjectCommand({ Bucket, Key: "b", Body: "y" }));
  const { Deleted, Errors } = await s3.send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: {
        Objects: [
          { Key, ETag },
          { Key: "b", ETag: '"other"' },
        ],
      },
    }),
  );
  expect(Deleted).toEqual([{ Key }]);
  expect(Errors).toEqual([
    { Key: "b", Code: "PreconditionFailed", Message: expect.stringContaining("pre-conditions") },
  ]);
  const Delete = { Objects: [{ Key: "b", ETag: "*" }], Quiet: true };
  const quiet = await s3.send(new DeleteObjectsCommand({ Bucket, Delete }));
  expect([quiet.Deleted, quiet.Errors]).toEqual([undefined, undefined]);
  expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  const sized = new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key, Size: 1 }] } });
  expect(await refusal(s3.send(sized))).toEqual(["NotImplemented", 501]);
});

test("metadata may have any name", async () => {
  await put("x", { Metadata: { ["__proto__"]: "p", constructor: "c" } });
  const { headers } = await rawGet(await getSignedUrl(plain, new GetObjectCommand({ Bucket, Key })));
  expect(headers).toMatchObject({ "x-amz-meta-__proto__": "p", "x-amz-meta-constructor": "c" });
});
