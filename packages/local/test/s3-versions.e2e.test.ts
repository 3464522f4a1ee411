/** Versions, tags and attributes of objects by the official SDK. */
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createObjectStore } from "../src/s3/object-store.js";
import { rawGet } from "./raw-http.js";
import { type S3Host, startS3 } from "./s3-host.js";

let host: S3Host;
let s3: S3Client;
let Bucket: string;
let buckets = 0;
const Key = "app.bin";

beforeAll(async () => {
  host = await startS3();
  s3 = host.client();
});

beforeEach(async () => {
  buckets += 1;
  Bucket = `firmware-${buckets}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterAll(() => host.stop());

const setVersioning = (Status: "Enabled" | "Suspended") =>
  s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
const put = async (Body: string, key = Key) =>
  (await s3.send(new PutObjectCommand({ Bucket, Key: key, Body }))).VersionId ?? "";
const get = async (VersionId?: string) => {
  const { Body, VersionId: got } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return [await Body?.transformToString(), got];
};
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable("it was not refused"),
    (error: { name: string; $metadata: { httpStatusCode?: number } }) => [
      error.name,
      error.$metadata.httpStatusCode,
    ],
  );

describe("a bucket with versioning", () => {
  beforeEach(() => setVersioning("Enabled"));

  test("reports it", async () => {
    expect(await s3.send(new GetBucketVersioningCommand({ Bucket }))).toMatchObject({ Status: "Enabled" });
  });

  test("keeps overwritten objects under their version ids, also in presigned URLs", async () => {
    const first = await put("one");
    const second = await put("two");
    expect(await get()).toEqual(["two", second]);
    expect(await get(first)).toEqual(["one", first]);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId: first }));
    expect([head.ContentLength, head.VersionId]).toEqual([3, first]);
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key, VersionId: first }));
    expect(await rawGet(url)).toMatchObject({ text: "one", headers: { "x-amz-version-id": first } });
    expect(await refusal(get("x".repeat(32)))).toEqual(["NoSuchVersion", 404]);
  });

  test("hides a deleted object behind a delete marker, and shows it again without", async () => {
    const version = await put("one");
    const deleted = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(deleted.DeleteMarker).toBe(true);
    expect(await refusal(get())).toEqual(["NoSuchKey", 404]);
    expect(await refusal(get(deleted.VersionId))).toEqual(["MethodNotAllowed", 405]);
    const { headers } = await rawGet(await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key })));
    expect(headers).toMatchObject({ "x-amz-delete-marker": "true", "x-amz-version-id": deleted.VersionId });
    expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
    expect(await get(version)).toEqual(["one", version]);
    const undone = await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: deleted.VersionId }));
    expect(undone).toMatchObject({ DeleteMarker: true, VersionId: deleted.VersionId });
    expect(await get()).toEqual(["one", version]);
  });

  test("deletes a version permanently by its id", async () => {
    const first = await put("one");
    const second = await put("two");
    await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: second }));
    expect(await get()).toEqual(["one", first]);
    expect(await refusal(get(second))).toEqual(["NoSuchVersion", 404]);
  });

  test("can be deleted only without versions and delete markers; one request deletes several", async () => {
    const version = await put("one");
    const { VersionId: marker } = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(await refusal(s3.send(new DeleteBucketCommand({ Bucket })))).toEqual(["BucketNotEmpty", 409]);
    const Objects = [
      { Key, VersionId: version },
      { Key, VersionId: marker },
    ];
    const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(Deleted).toEqual([
      { Key, VersionId: version },
      { Key, VersionId: marker, DeleteMarker: true, DeleteMarkerVersionId: marker },
    ]);
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });

  test("can copy an older version to become the newest", async () => {
    const first = await put("one");
    await put("two");
    const CopySource = `${Bucket}/${Key}?versionId=${first}`;
    const copied = await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
    expect(copied.CopySourceVersionId).toBe(first);
    expect(await get()).toEqual(["one", copied.VersionId]);
  });

  test("refuses to copy a delete marker, or an object to itself unchanged", async () => {
    await put("one");
    const copy = (CopySource: string) => refusal(s3.send(new CopyObjectCommand({ Bucket, Key, CopySource })));
    expect(await copy(`${Bucket}/${Key}`)).toEqual(["InvalidRequest", 400]);
    const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(await copy(`${Bucket}/${Key}?versionId=${VersionId}`)).toEqual(["InvalidRequest", 400]);
    expect(await copy(`${Bucket}/${Key}`)).toEqual(["NoSuchKey", 404]);
  });

  test("lists versions page by page, for each key the newest first", async () => {
    const a = [await put("1", "a"), await put("2", "a"), await put("3", "a")];
    const { VersionId: marker } = await s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
    await put("4", "dir/b");
    await put("5", "dir/c");
    const seen: unknown[] = [];
    let page: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    for (let pages = 1; ; pages += 1) {
      const answer = await s3.send(
        new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, Delimiter: "/", ...page }),
      );
      for (const each of answer.DeleteMarkers ?? [])
        seen.push([each.Key, each.VersionId, each.IsLatest, "marker"]);
      for (const each of answer.Versions ?? [])
        seen.push([each.Key, each.VersionId, each.IsLatest, each.Size]);
      for (const each of answer.CommonPrefixes ?? []) seen.push(each.Prefix);
      page = { KeyMarker: answer.NextKeyMarker, VersionIdMarker: answer.NextVersionIdMarker };
      if (answer.IsTruncated !== true) {
        expect(pages).toBe(3);
        break;
      }
    }
    expect(seen).toEqual([
      ["a", marker, true, "marker"],
      ["a", a[2], false, 1],
      ["a", a[1], false, 1],
      ["a", a[0], false, 1],
      "dir/",
    ]);
  });

  test("keeps one version without an id while suspended, and does not change the others", async () => {
    const first = await put("one");
    await setVersioning("Suspended");
    expect(await put("two")).toBe(""); // the answer has no version id, because the version has none
    expect(await put("three")).toBe("");
    expect(await get()).toEqual(["three", "null"]);
    expect(await get(first)).toEqual(["one", first]);
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions?.map(({ VersionId }) => VersionId)).toEqual(["null", first]);
    expect(await s3.send(new DeleteObjectCommand({ Bucket, Key }))).toMatchObject({
      DeleteMarker: true,
      VersionId: "null",
    });
    expect(await refusal(get())).toEqual(["NoSuchKey", 404]);
  });

  test("survives a restart", async () => {
    await put("one");
    await put("two");
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    const again = await createObjectStore({ dir: host.dir });
    expect(again.bucket(Bucket)).toEqual(host.store.bucket(Bucket));
    expect(again.versions(Bucket, Key)).toEqual(host.store.versions(Bucket, Key));
    expect(again.versions(Bucket, Key)).toHaveLength(3);
  });
});

test("an object from before versioning is the version null", async () => {
  await put("old");
  await setVersioning("Enabled");
  const version = await put("new");
  expect(await get("null")).toEqual(["old", "null"]);
  expect(await get()).toEqual(["new", version]);
});

describe("tags", () => {
  const tagsOf = async () => (await s3.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet;

  test("are set by an upload, counted, replaced and removed, and survive a restart", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: "one", Tagging: "stage=beta&a%20b=c" }));
    expect(await tagsOf()).toEqual([
      { Key: "stage", Value: "beta" },
      { Key: "a b", Value: "c" },
    ]);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).TagCount).toBe(2);
    const TagSet = [{ Key: "stage", Value: "released" }];
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
    expect(await tagsOf()).toEqual(TagSet);
    expect((await get())[0]).toBe("one");
    const again = await createObjectStore({ dir: host.dir });
    expect(again.object(Bucket, Key)?.tags).toEqual({ stage: "released" });
    await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key }));
    expect(await tagsOf()).toEqual([]);
  });

  test("are copied unless the copy has its own", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "from", Body: "one", Tagging: "a=b" }));
    const copy = { Bucket, Key, CopySource: `${Bucket}/from` };
    await s3.send(new CopyObjectCommand(copy));
    expect(await tagsOf()).toEqual([{ Key: "a", Value: "b" }]);
    await s3.send(new CopyObjectCommand({ ...copy, TaggingDirective: "REPLACE", Tagging: "c=d" }));
    expect(await tagsOf()).toEqual([{ Key: "c", Value: "d" }]);
  });

  test("that S3 refuses are refused", async () => {
    await put("one");
    const TagSet = Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}`, Value: "v" }));
    const tooMany = s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
    expect(await refusal(tooMany)).toEqual(["BadRequest", 400]);
    const twice = [
      { Key: "a", Value: "1" },
      { Key: "a", Value: "2" },
    ];
    const doubled = s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: twice } }));
    expect(await refusal(doubled)).toEqual(["InvalidTag", 400]);
  });
});

test("the requested attributes of an object are returned", async () => {
  await put("123456789");
  const ObjectAttributes = ["ETag", "Checksum", "ObjectSize", "StorageClass"] as const;
  const answer = await s3.send(
    new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: [...ObjectAttributes] }),
  );
  expect(answer).toMatchObject({
    ETag: "25f9e794323b453885f5181f1b624d0b",
    Checksum: { ChecksumCRC32: "y/Q5Jg==", ChecksumType: "FULL_OBJECT" },
    ObjectSize: 9,
    StorageClass: "STANDARD",
  });
});
