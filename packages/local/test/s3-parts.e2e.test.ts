/** Objects that were uploaded in parts: the files of the parts become those of the object. */
import { createHash, randomBytes } from "node:crypto";
import { cp, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createObjectStore } from "../src/s3/object-store.js";
import { type S3Host, startS3 } from "./s3-host.js";

const Bucket = "firmware";
const MIB = 1024 * 1024;
/** A part of the smallest size that S3 allows, and a last one. */
const PARTS = [5 * MIB, 1000].map((size) => randomBytes(size));
const WHOLE = Buffer.concat(PARTS);

let host: S3Host;
let s3: S3Client;

beforeEach(async () => {
  host = await startS3();
  s3 = host.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterEach(() => host.stop());

/** Uploads parts with gaps between their numbers, and one part more that the object does not get. */
async function uploadParts(Key: string, parts = PARTS) {
  const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const put = (PartNumber: number, Body: Buffer) =>
    s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for (const [index, bytes] of parts.entries()) {
    const PartNumber = 10 * (index + 1);
    Parts.push({ PartNumber, ETag: (await put(PartNumber, bytes)).ETag });
  }
  await put(15, Buffer.from("not of the object"));
  const complete = () =>
    s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  return { UploadId, complete };
}

async function putInParts(Key: string, parts = PARTS) {
  const { UploadId, complete } = await uploadParts(Key, parts);
  return { UploadId, ...(await complete()) };
}

async function bytesOf(Key: string, more: { VersionId?: string | undefined; Range?: string } = {}) {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const uploadsFolder = () => join(host.dir, "uploads");
const partFiles = (UploadId: string) => readdir(join(uploadsFolder(), UploadId));
const objectFile = async () => {
  const folder = join(host.dir, "buckets", Bucket, "objects");
  return join(folder, (await readdir(folder))[0] ?? "");
};

/** Returns what a store that opens the folder now has of a key: its bytes' MD5, and the unfinished uploads. */
async function afterRestart(key: string) {
  const store = await createObjectStore({ dir: host.dir });
  const object = store.object(Bucket, key);
  const bytes = object && (await Readable.from(store.read(Bucket, object, 0, object.sizeBytes)).toArray());
  return { md5: bytes && md5(Buffer.concat(bytes)), uploads: store.uploads.list(Bucket).length };
}

describe("an object in parts", () => {
  test("is the files of its parts, none of which is copied", async () => {
    const { UploadId, complete } = await uploadParts("app");
    const inodes = async () =>
      Promise.all(["10", "20"].map(async (file) => (await stat(join(uploadsFolder(), UploadId, file))).ino));
    const before = await inodes();
    await complete();
    expect(await inodes()).toEqual(before);
    expect((await stat(await objectFile())).size).toBeLessThan(2000);
    expect(await partFiles(UploadId)).toEqual(["10", "20", "completed.json"]);
    expect(md5(await bytesOf("app"))).toBe(md5(WHOLE));
  });

  test("returns any range of its bytes", async () => {
    await putInParts("app");
    const border = 5 * MIB;
    const ranges = [
      [0, 0],
      [0, border - 1],
      [border - 1, border],
      [border, border],
      [border, border + 999],
      [1, border + 5],
      [border + 999, 99 * MIB],
    ] as const;
    for (const [first, last] of ranges) {
      const bytes = await bytesOf("app", { Range: `bytes=${first}-${last}` });
      expect(bytes.equals(WHOLE.subarray(first, last + 1)), `bytes ${first} to ${last}`).toBe(true);
    }
  });

  test("gets other tags and is copied without its parts", async () => {
    await putInParts("app");
    const TagSet = [{ Key: "stage", Value: "qa" }];
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: "app", Tagging: { TagSet } }));
    await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/app` }));
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "app" }))).TagSet).toEqual(TagSet);
    expect(await afterRestart("app")).toEqual({ md5: md5(WHOLE), uploads: 0 });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "app" }));
    expect(await readdir(uploadsFolder())).toEqual([]);
    expect(md5(await bytesOf("copy"))).toBe(md5(WHOLE));
  });

  test("takes its parts with it when it is overwritten, by one request or in parts", async () => {
    await putInParts("app");
    const { UploadId } = await putInParts("app", [Buffer.from("second")]);
    expect(await readdir(uploadsFolder())).toEqual([UploadId]);
    expect((await bytesOf("app")).toString()).toBe("second");
    await s3.send(new PutObjectCommand({ Bucket, Key: "app", Body: "third" }));
    expect(await readdir(uploadsFolder())).toEqual([]);
    expect((await bytesOf("app")).toString()).toBe("third");
  });

  test("keeps its parts as long as its version exists", async () => {
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const { VersionId } = await putInParts("app");
    const { UploadId } = await putInParts("app", [Buffer.from("second")]);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "app" }));
    expect(md5(await bytesOf("app", { VersionId }))).toBe(md5(WHOLE));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "app", VersionId }));
    expect(await readdir(uploadsFolder())).toEqual([UploadId]);
  });

  test("completes a download while it is deleted, and only then removes the files", async () => {
    await putInParts("app");
    const object = host.store.object(Bucket, "app");
    if (object === undefined) throw new Error("the object is missing");
    const [one, other] = [0, 1].map(() => host.store.read(Bucket, object, 0, object.sizeBytes));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "app" }));
    await other?.close(); // without having read anything
    expect(md5(Buffer.concat(await Readable.from(one ?? []).toArray()))).toBe(md5(WHOLE));
    await expect.poll(() => readdir(uploadsFolder())).toEqual([]);
  });

  test("lets go of its files when a copy of it is refused", async () => {
    await putInParts("app");
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "copy" }));
    const part = { Bucket, Key: "copy", UploadId, CopySource: `${Bucket}/app`, PartNumber: 10_001 };
    const copy = s3.send(new UploadPartCopyCommand(part));
    await expect(copy).rejects.toMatchObject({ name: "InvalidArgument" });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "app" }));
    await expect.poll(() => readdir(uploadsFolder())).toEqual([UploadId]);
  });

  test("is completed once, by one of several requests, and can be aborted until then", async () => {
    const { UploadId, complete } = await uploadParts("app");
    const outcomes = await Promise.allSettled([complete(), complete(), complete()]);
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason.name] : [],
    );
    expect(refused).toEqual(["NoSuchUpload", "NoSuchUpload"]);
    expect(await partFiles(UploadId)).toEqual(["10", "20", "completed.json"]);
    const abort = s3.send(new AbortMultipartUploadCommand({ Bucket, Key: "app", UploadId }));
    await expect(abort).rejects.toMatchObject({ name: "NoSuchUpload" });
    expect(md5(await bytesOf("app"))).toBe(md5(WHOLE));
  });

  test("has the checksum of its bytes, also if the parts have checksums of another algorithm", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "one", Body: WHOLE, ChecksumAlgorithm: "CRC64NVME" }));
    const { ChecksumCRC64NVME } = await putInParts("app");
    expect(ChecksumCRC64NVME).toBe(host.store.object(Bucket, "one")?.checksum.value);
  });
});

describe("after a crash", () => {
  test("between the record of the object and the end of the upload, the object is there and the upload is not", async () => {
    const { UploadId } = await putInParts("app");
    const folder = join(uploadsFolder(), UploadId);
    await rename(join(folder, "completed.json"), join(folder, "upload.json"));
    await cp(join(folder, "10"), join(folder, "15")); // a part that the object does not have
    expect(await afterRestart("app")).toEqual({ md5: md5(WHOLE), uploads: 0 });
    expect(await partFiles(UploadId)).toEqual(["10", "20", "completed.json"]);
  });

  test("before the record of the object, the upload is there and can be completed", async () => {
    const { UploadId, complete } = await uploadParts("app");
    await writeFile(join(host.dir, "temp", "left-over"), "torn");
    expect(await afterRestart("app")).toEqual({ md5: undefined, uploads: 1 });
    const { Parts } = await s3.send(new ListPartsCommand({ Bucket, Key: "app", UploadId }));
    expect(Parts).toHaveLength(3);
    await complete();
    expect(await afterRestart("app")).toEqual({ md5: md5(WHOLE), uploads: 0 });
  });

  test("while an object was deleted, nothing of it is left", async () => {
    const { UploadId } = await putInParts("app");
    const folder = join(uploadsFolder(), UploadId);
    await cp(folder, join(host.dir, "kept"), { recursive: true });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "app" }));
    await rename(join(host.dir, "kept"), folder);
    expect(await afterRestart("app")).toEqual({ md5: undefined, uploads: 0 });
    expect(await readdir(uploadsFolder())).toEqual([]);
  });
});

test("a part of an object that is missing or damaged is refused with the name of its file", async () => {
  const { UploadId } = await putInParts("app");
  const path = join(uploadsFolder(), UploadId, "10");
  const whole = await readFile(path);
  const changed = Buffer.from(whole);
  changed[changed.length - 40] = (changed[changed.length - 40] ?? 0) ^ 1; // in its record
  const damages = [
    () => rm(path),
    () => truncate(path, 1000),
    () => writeFile(path, changed),
    () => cp(join(path, "../20"), path),
  ];
  for (const damage of damages) {
    await damage();
    await expect(createObjectStore({ dir: host.dir })).rejects.toMatchObject({
      code: "LOCAL_DIR_INVALID",
      message: expect.stringContaining(path),
    });
    await writeFile(path, whole);
  }
  expect(await afterRestart("app")).toEqual({ md5: md5(WHOLE), uploads: 0 });
});
