import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createObjectStore } from "../src/s3/object-store.js";
import { rawGet } from "./raw-http.js";
import { type S3Host, startS3 } from "./s3-host.js";

let host: S3Host;
let s3: S3Client;
let folder: string;
const Bucket = "firmware";
const MIB = 1024 * 1024;

beforeAll(async () => {
  host = await startS3({ verifySignatures: true });
  s3 = host.client();
  folder = await mkdtemp(join(tmpdir(), "fota-s3-files-"));
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterAll(async () => {
  await host.stop();
  await rm(folder, { recursive: true, force: true });
});

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

async function bodyOf(Key: string, more: { Range?: string; PartNumber?: number } = {}): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

async function failure(
  action: Promise<unknown>,
): Promise<{ name: string; status: number | undefined; message: string }> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error("it was not refused");
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return { name: error.name, status: $metadata?.httpStatusCode, message: error.message };
}

describe("buckets", () => {
  test("are created, found, listed and deleted", async () => {
    await s3.send(new CreateBucketCommand({ Bucket: "short-lived" }));
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(["firmware", "short-lived"]);
    const head = await s3.send(new HeadBucketCommand({ Bucket: "short-lived" }));
    expect(head.BucketRegion).toBe("us-east-1");
    await s3.send(new DeleteBucketCommand({ Bucket: "short-lived" }));
    expect(await failure(s3.send(new HeadBucketCommand({ Bucket: "short-lived" })))).toMatchObject({
      name: "NotFound",
      status: 404,
    });
  });

  test("return their region and no versioning", async () => {
    const other = host.client({ region: "eu-west-1" });
    await other.send(new CreateBucketCommand({ Bucket: "in-europe" }));
    const abroad = await other.send(new GetBucketLocationCommand({ Bucket: "in-europe" }));
    expect(abroad.LocationConstraint).toBe("eu-west-1");
    const home = await s3.send(new GetBucketLocationCommand({ Bucket }));
    expect(home.LocationConstraint).toBeUndefined();
    expect(await s3.send(new GetBucketVersioningCommand({ Bucket }))).not.toHaveProperty("Status");
    expect(await failure(s3.send(new HeadBucketCommand({ Bucket: "in-europe" })))).toMatchObject({
      status: 400,
    });
  });

  test("are refused as S3 refuses them", async () => {
    const refused = async (action: Promise<unknown>) => (await failure(action)).name;
    await s3.send(new PutObjectCommand({ Bucket, Key: "in-the-way", Body: "x" }));
    await s3.send(new CreateBucketCommand({ Bucket })); // not an error in us-east-1
    const abroad = host.client({ region: "eu-west-1" });
    await abroad.send(new CreateBucketCommand({ Bucket: "twice" }));
    expect(await refused(abroad.send(new CreateBucketCommand({ Bucket: "twice" })))).toBe(
      "BucketAlreadyOwnedByYou",
    );
    expect(await refused(s3.send(new CreateBucketCommand({ Bucket: "Upper" })))).toBe("InvalidBucketName");
    expect(await refused(s3.send(new DeleteBucketCommand({ Bucket })))).toBe("BucketNotEmpty");
    expect(await refused(s3.send(new DeleteBucketCommand({ Bucket: "nobodys" })))).toBe("NoSuchBucket");
    expect(await refused(s3.send(new PutObjectCommand({ Bucket: "nobodys", Key: "k", Body: "x" })))).toBe(
      "NoSuchBucket",
    );
  });

  test("an unsupported operation is refused by name", async () => {
    const error = await failure(s3.send(new GetBucketAclCommand({ Bucket })));
    expect(error).toMatchObject({ name: "NotImplemented", status: 501 });
    expect(error.message).toContain("?acl");
    const redirected = await failure(
      s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", WebsiteRedirectLocation: "/other" })),
    );
    expect(redirected).toMatchObject({ name: "NotImplemented", status: 501 });
    expect(redirected.message).toContain("x-amz-website-redirect-location");
  });
});

describe("objects", () => {
  test("are downloaded with their bytes, digest, type and metadata", async () => {
    const bytes = randomBytes(3 * MIB + 17); // above 2 MiB, the client sends Expect: 100-continue
    const put = await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: "app.bin",
        Body: bytes,
        ContentType: "application/x-firmware",
        CacheControl: "no-store",
        Metadata: { version: "1.2.3" },
      }),
    );
    expect(put.ETag).toBe(`"${md5(bytes)}"`);
    expect(put.ChecksumCRC32).toBeDefined();
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "app.bin" }));
    expect(md5((await got.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(md5(bytes));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "app.bin" }));
    for (const answer of [got, head]) {
      expect(answer).toMatchObject({
        ContentLength: bytes.length,
        ContentType: "application/x-firmware",
        CacheControl: "no-store",
        AcceptRanges: "bytes",
        Metadata: { version: "1.2.3" },
        ETag: put.ETag,
      });
    }
  });

  test("are stored without the framing of a streamed upload", async () => {
    const bytes = randomBytes(300_000);
    const path = join(folder, "streamed.bin");
    await writeFile(path, bytes);
    await s3.send(new PutObjectCommand({ Bucket, Key: "streamed", Body: createReadStream(path) }));
    expect(md5(await bodyOf("streamed"))).toBe(md5(bytes));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "streamed", ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({ ContentLength: 300_000, ChecksumType: "FULL_OBJECT" });
    expect(head.ChecksumCRC32).toBeDefined();
    expect(head).not.toHaveProperty("ContentEncoding");
  });

  // Of "123456789": the check values of the CRC catalogue; the SHA ones by sha1sum and sha256sum.
  test.each([
    { ChecksumAlgorithm: "CRC32", value: "y/Q5Jg==" },
    { ChecksumAlgorithm: "CRC32C", value: "4waSgw==" },
    { ChecksumAlgorithm: "CRC64NVME", value: "rosUhgp5mIg=" },
    { ChecksumAlgorithm: "SHA1", value: "98O8HYCOBHMq32eZZczDTKeuNEE=" },
    { ChecksumAlgorithm: "SHA256", value: "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=" },
  ])("keep a checksum of $ChecksumAlgorithm", async ({ ChecksumAlgorithm, value }) => {
    const Key = `sum-${ChecksumAlgorithm}`;
    const given = { [`Checksum${ChecksumAlgorithm}`]: value };
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: "123456789", ...given }));
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }))).toMatchObject(
      given,
    );
    expect(
      await failure(s3.send(new PutObjectCommand({ Bucket, Key, Body: "12345678", ...given }))),
    ).toMatchObject({
      name: "BadDigest",
      status: 400,
    });
  });

  test("get S3's default checksum if the uploader sends none", async () => {
    const plain = host.client({ requestChecksumCalculation: "WHEN_REQUIRED" });
    await plain.send(new PutObjectCommand({ Bucket, Key: "no-sum", Body: "123456789" }));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "no-sum", ChecksumMode: "ENABLED" }));
    expect(head.ChecksumCRC64NVME).toBe("rosUhgp5mIg=");
  });

  test("are refused if they arrive damaged, and the old object stays", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "kept", Body: "old" }));
    const put = (more: object) =>
      failure(s3.send(new PutObjectCommand({ Bucket, Key: "kept", Body: "new", ...more })));
    const otherMd5 = createHash("md5").update("other").digest("base64");
    expect((await put({ ContentMD5: otherMd5 })).name).toBe("BadDigest");
    expect((await put({ ContentMD5: "short" })).name).toBe("InvalidDigest");
    expect((await bodyOf("kept")).toString()).toBe("old");
  });

  test.each([
    { Range: "bytes=0-0", text: "0", range: "bytes 0-0/10" },
    { Range: "bytes=4-6", text: "456", range: "bytes 4-6/10" },
    { Range: "bytes=7-", text: "789", range: "bytes 7-9/10" },
    { Range: "bytes=-2", text: "89", range: "bytes 8-9/10" },
    { Range: "bytes=8-99", text: "89", range: "bytes 8-9/10" },
    { Range: "bytes=-99", text: "0123456789", range: "bytes 0-9/10" },
    { Range: "bytes=6-4", text: "0123456789", range: undefined },
    { Range: "bytes=0-1,4-5", text: "0123456789", range: undefined },
    { Range: "lines=1-2", text: "0123456789", range: undefined },
  ])("answer Range $Range with $text", async ({ Range, text, range }) => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "digits", Body: "0123456789" }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "digits", Range }));
    expect(await got.Body?.transformToString()).toBe(text);
    expect(got.ContentRange).toBe(range);
    expect(got.ContentLength).toBe(text.length);
    expect(got.$metadata.httpStatusCode).toBe(range === undefined ? 200 : 206);
  });

  test("refuse ranges outside of them", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "digits", Body: "0123456789" }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "empty", Body: "" }));
    for (const [Key, Range] of [
      ["digits", "bytes=10-"],
      ["digits", "bytes=-0"],
      ["empty", "bytes=0-"],
    ]) {
      expect(await failure(s3.send(new GetObjectCommand({ Bucket, Key, Range })))).toMatchObject({
        name: "InvalidRange",
        status: 416,
      });
    }
    expect(await bodyOf("empty")).toHaveLength(0);
  });

  test("support conditions on reads", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "cond", Body: "x" }));
    const { ETag, LastModified } = await s3.send(new HeadObjectCommand({ Bucket, Key: "cond" }));
    const get = (more: object) => s3.send(new GetObjectCommand({ Bucket, Key: "cond", ...more }));
    const earlier = new Date(Number(LastModified) - 10_000);
    expect((await failure(get({ IfMatch: '"other"' }))).name).toBe("PreconditionFailed");
    expect((await failure(get({ IfNoneMatch: ETag }))).status).toBe(304);
    expect((await failure(get({ IfModifiedSince: LastModified }))).status).toBe(304);
    expect((await failure(get({ IfUnmodifiedSince: earlier }))).status).toBe(412);
    expect((await get({ IfMatch: ETag, IfUnmodifiedSince: earlier })).ETag).toBe(ETag);
    expect((await get({ IfModifiedSince: earlier, IfNoneMatch: '"other"' })).ETag).toBe(ETag);
  });

  test("are not overwritten with If-None-Match", async () => {
    const put = (more: object) => s3.send(new PutObjectCommand({ Bucket, Key: "once", Body: "x", ...more }));
    const { ETag } = await put({ IfNoneMatch: "*" });
    expect(await failure(put({ IfNoneMatch: "*" }))).toMatchObject({
      name: "PreconditionFailed",
      status: 412,
    });
    expect((await failure(put({ IfMatch: '"other"' }))).name).toBe("PreconditionFailed");
    expect((await put({ IfMatch: ETag })).ETag).toBe(ETag);
  });

  test("are created only once by two simultaneous uploads with If-None-Match", async () => {
    const put = () =>
      s3.send(new PutObjectCommand({ Bucket, Key: "race", Body: randomBytes(MIB), IfNoneMatch: "*" }));
    const outcomes = await Promise.allSettled([put(), put(), put()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  });

  test("may have any key", async () => {
    const keys = [
      "a b+c",
      "../../etc/passwd",
      "//x//",
      "é/ü?&=#%2F",
      "line\r\nbreak",
      "😀",
      "<&'\">",
      "k".repeat(1024),
    ];
    for (const Key of keys)
      await s3.send(new PutObjectCommand({ Bucket, Key: `odd-${Key}`.slice(0, 1024), Body: Key }));
    for (const Key of keys) expect((await bodyOf(`odd-${Key}`.slice(0, 1024))).toString()).toBe(Key);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "odd-" }));
    expect(Contents?.map(({ Key }) => Key).sort()).toEqual(
      keys.map((key) => `odd-${key}`.slice(0, 1024)).sort(),
    );
    const long = await failure(s3.send(new PutObjectCommand({ Bucket, Key: "k".repeat(1025), Body: "x" })));
    expect(long.name).toBe("KeyTooLongError");
  });

  test("are deleted one by one and together, also if they do not exist", async () => {
    for (const Key of ["del-1", "del-2<&>", "del-3"])
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "del-1" }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "del-1" }));
    const { Deleted } = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "del-2<&>" }, { Key: "del-3" }] } }),
    );
    expect(Deleted).toEqual([{ Key: "del-2<&>" }, { Key: "del-3" }]);
    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "del-" }));
    expect(KeyCount).toBe(0);
    expect((await failure(bodyOf("del-1"))).name).toBe("NoSuchKey");
    expect((await failure(s3.send(new HeadObjectCommand({ Bucket, Key: "del-1" })))).name).toBe("NotFound");
  });

  test("are copied with or without their metadata", async () => {
    const source = {
      Bucket,
      Key: "copy/a b",
      Body: "copied",
      ContentType: "text/plain",
      Metadata: { a: "1" },
    };
    await s3.send(new PutObjectCommand(source));
    const CopySource = `${Bucket}/copy/a%20b`;
    await s3.send(new CopyObjectCommand({ Bucket, Key: "copy/kept", CopySource }));
    await s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: "copy/new",
        CopySource,
        MetadataDirective: "REPLACE",
        Metadata: { b: "2" },
      }),
    );
    expect((await bodyOf("copy/kept")).toString()).toBe("copied");
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: "copy/kept" }))).toMatchObject({
      ContentType: "text/plain",
      Metadata: { a: "1" },
    });
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "copy/new" }))).Metadata).toEqual({ b: "2" });
  });
});

describe("listings", () => {
  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket: "listed" }));
    for (const Key of ["a/1", "a/2", "b", "c/d/1", "c/e", "z"]) {
      await s3.send(new PutObjectCommand({ Bucket: "listed", Key, Body: Key }));
    }
  });

  test("group keys into common prefixes, page by page", async () => {
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page: ListObjectsV2CommandOutput = await s3.send(
        new ListObjectsV2Command({ Bucket: "listed", Delimiter: "/", MaxKeys: 1, ContinuationToken }),
      );
      seen.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
      seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix = "" }) => Prefix));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen).toEqual(["a/", "b", "c/", "z"]);
  });

  test("begin at a prefix or after a key", async () => {
    const list = async (more: object) =>
      (await s3.send(new ListObjectsV2Command({ Bucket: "listed", ...more }))).Contents?.map(
        ({ Key }) => Key,
      );
    expect(await list({ Prefix: "c/" })).toEqual(["c/d/1", "c/e"]);
    expect(await list({ StartAfter: "b" })).toEqual(["c/d/1", "c/e", "z"]);
    const old = await s3.send(new ListObjectsCommand({ Bucket: "listed", Delimiter: "/", MaxKeys: 2 }));
    expect(old).toMatchObject({ NextMarker: "b", IsTruncated: true });
  });

  test("refuse an invalid token", async () => {
    const list = s3.send(new ListObjectsV2Command({ Bucket: "listed", ContinuationToken: "!" }));
    expect((await failure(list)).name).toBe("InvalidArgument");
  });
});

describe("multipart uploads", () => {
  test.each(["CRC32", "SHA256", "CRC64NVME"] as ChecksumAlgorithm[])(
    "by lib-storage with %s become one object",
    async (ChecksumAlgorithm) => {
      const bytes = randomBytes(11 * MIB);
      const path = join(folder, "large.bin");
      await writeFile(path, bytes);
      const Key = `large-${ChecksumAlgorithm}`;
      await new Upload({
        client: s3,
        params: { Bucket, Key, Body: createReadStream(path), ChecksumAlgorithm, Metadata: { v: "2" } },
      }).done();
      const parts = [bytes.subarray(0, 5 * MIB), bytes.subarray(5 * MIB, 10 * MIB), bytes.subarray(10 * MIB)];
      const etag = md5(Buffer.concat(parts.map((part) => createHash("md5").update(part).digest())));
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
      expect(head).toMatchObject({ ETag: `"${etag}-3"`, ContentLength: bytes.length, Metadata: { v: "2" } });
      expect(md5(await bodyOf(Key))).toBe(md5(bytes));
      expect(md5(await bodyOf(Key, { PartNumber: 2 }))).toBe(md5(parts[1] ?? bytes));
    },
  );

  test("are listed, refused and aborted as at S3", async () => {
    const upload = { Bucket, Key: "parts" };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
    const put = (PartNumber: number, Body: string) =>
      s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber, Body }));
    const first = { PartNumber: 1, ETag: (await put(1, "small")).ETag };
    const second = { PartNumber: 2, ETag: (await put(2, "smaller")).ETag };
    const complete = (Parts: object[]) =>
      failure(
        s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts } })),
      );
    expect((await complete([first, second])).name).toBe("EntityTooSmall");
    expect((await complete([second, first])).name).toBe("InvalidPartOrder");
    expect((await complete([{ ...first, ETag: '"other"' }])).name).toBe("InvalidPart");
    expect((await complete([])).name).toBe("MalformedXML");
    const { Parts } = await s3.send(new ListPartsCommand({ ...upload, UploadId }));
    expect(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 5],
      [2, 7],
    ]);
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: "parts" }));
    expect(Uploads?.map((each) => each.UploadId)).toEqual([UploadId]);
    await s3.send(new AbortMultipartUploadCommand({ ...upload, UploadId }));
    expect((await complete([first])).name).toBe("NoSuchUpload");
  });

  test("are listed page by page, for each key the oldest first", async () => {
    const started: unknown[] = [];
    for (const key of ["pages/a", "pages/a", "pages/b", "pages/dir/c", "pages/dir/d"]) {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: key }));
      if (key.startsWith("pages/dir/")) continue;
      started.push([key, UploadId]);
    }
    const seen: unknown[] = [];
    let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (let pages = 1; ; pages += 1) {
      const page = await s3.send(
        new ListMultipartUploadsCommand({
          Bucket,
          Prefix: "pages/",
          Delimiter: "/",
          MaxUploads: 1,
          ...markers,
        }),
      );
      for (const { Key, UploadId } of page.Uploads ?? []) seen.push([Key, UploadId]);
      for (const { Prefix } of page.CommonPrefixes ?? []) seen.push(Prefix);
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      if (page.IsTruncated === true) continue;
      expect(pages).toBe(4);
      break;
    }
    expect(seen.slice(2)).toEqual([...started.slice(2), "pages/dir/"]);
    expect(new Set(seen.slice(0, 2))).toEqual(new Set(started.slice(0, 2))); // of one millisecond in any order
  });

  test("can copy parts from other objects", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "digits", Body: "0123456789" }));
    const upload = { Bucket, Key: "from-parts" };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
    const { CopyPartResult } = await s3.send(
      new UploadPartCopyCommand({
        ...upload,
        UploadId,
        PartNumber: 1,
        CopySource: `${Bucket}/digits`,
        CopySourceRange: "bytes=2-4",
      }),
    );
    const Parts = [{ PartNumber: 1, ETag: CopyPartResult?.ETag }];
    await s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts } }));
    expect((await bodyOf("from-parts")).toString()).toBe("234");
  });
});

describe("addresses", () => {
  test("may have the bucket in the host name", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "virtual", Body: "hosted" }));
    const url = await getSignedUrl(
      host.client({ endpoint: `http://localhost:${host.port}` }),
      new GetObjectCommand({ Bucket, Key: "virtual" }),
    );
    expect(new URL(url).host).toBe(`${Bucket}.localhost:${host.port}`);
    expect(await rawGet(url)).toMatchObject({ status: 200, text: "hosted" });
  });
});

describe("the folder", () => {
  test("keeps buckets, objects and uploads across a restart, but nothing unfinished", async () => {
    const upload = { Bucket, Key: "resumed" };
    const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand(upload));
    await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: "part" }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "durable", Body: "here", Metadata: { a: "b" } }));
    await writeFile(join(host.dir, "temp", "left-over"), "torn");
    const again = await createObjectStore({ dir: host.dir });
    expect(again.buckets()).toEqual(host.store.buckets());
    expect([...again.keys(Bucket)]).toEqual([...host.store.keys(Bucket)]);
    expect(again.object(Bucket, "durable")).toEqual(host.store.object(Bucket, "durable"));
    expect(again.uploads.parts(UploadId)).toEqual(host.store.uploads.parts(UploadId));
    await expect(writeFile(join(host.dir, "temp", "left-over"), "", { flag: "wx" })).resolves.toBeUndefined();
  });
});
