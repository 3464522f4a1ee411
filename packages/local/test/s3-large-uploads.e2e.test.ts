/** Large uploads at the same time, which share the memory that they are received into. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { Readable } from "node:stream";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type S3Host, startS3 } from "./s3-host.js";

const Bucket = "firmware";
const MIB = 1024 * 1024;
const authorization =
  "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";

let host: S3Host;

beforeAll(async () => {
  host = await startS3();
  await host.client().send(new CreateBucketCommand({ Bucket }));
});

afterAll(() => host.stop());

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

function open(key: string, headers: Record<string, string>) {
  const options = { method: "PUT", headers: { authorization, ...headers } };
  return request(`${host.endpoint}/${Bucket}/${key}`, options);
}

async function put(key: string, body: Buffer, headers: Record<string, string>): Promise<number | undefined> {
  const upload = open(key, { "content-length": String(body.length), ...headers });
  const answered = once(upload, "response");
  upload.end(body);
  const [response] = await answered;
  response.resume();
  return response.statusCode;
}

/** Returns a body in aws-chunked form, whose lines fall anywhere in the pieces that the server gets. */
function chunkedBody(bytes: Buffer, chunkBytes: number): Buffer {
  const coded: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    coded.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...coded, Buffer.from("0\r\n\r\n")]);
}

async function storedMd5(key: string): Promise<string | undefined> {
  const object = host.store.object(Bucket, key);
  if (object === undefined) return undefined;
  return md5(
    Buffer.concat(await Readable.from(host.store.read(Bucket, object, 0, object.sizeBytes)).toArray()),
  );
}

test("keep their bytes, plain and aws-chunked, while others are broken off", async () => {
  const sizes = [3 * MIB, 2 * MIB + 1, MIB, 300_000, 4 * MIB - 1, 2_500_000];
  const uploads = sizes.flatMap((size, index) => {
    const [plain, coded] = [randomBytes(size), randomBytes(size)];
    const chunkBytes = [70_000, MIB, 8192][index % 3] ?? MIB;
    const chunked = {
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      "x-amz-decoded-content-length": String(size),
    };
    return [
      { key: `plain-${index}`, bytes: plain, body: plain, headers: {} },
      { key: `chunked-${index}`, bytes: coded, body: chunkedBody(coded, chunkBytes), headers: chunked },
    ];
  });
  const broken = [1, 2, 3].map((each) => {
    const upload = open(`broken-${each}`, { "content-length": String(3 * MIB) });
    upload.on("error", () => undefined).write(randomBytes(each * 700_000));
    return upload;
  });
  const answers = uploads.map(({ key, body, headers }) => put(key, body, headers));
  await answers[0];
  for (const upload of broken) upload.destroy();
  expect(await Promise.all(answers)).toEqual(uploads.map(() => 200));
  for (const { key, bytes } of uploads) {
    expect(host.store.object(Bucket, key)?.etag, key).toBe(md5(bytes));
    expect(await storedMd5(key), key).toBe(md5(bytes));
  }
  for (const each of [1, 2, 3]) expect(host.store.object(Bucket, `broken-${each}`)).toBeUndefined();
});

test("get a fault at the byte that it names", async () => {
  const bytes = randomBytes(2 * MIB);
  host.faults.add({ kind: "flipByte", atByte: 1_500_000, method: "PUT", times: 1 });
  expect(await put("flipped", bytes, {})).toBe(200);
  bytes.writeUInt8(bytes.readUInt8(1_500_000) ^ 0xff, 1_500_000);
  expect(await storedMd5("flipped")).toBe(md5(bytes));
});

test("arrive whole over a slow link that is faster than their pieces", async () => {
  const bytes = randomBytes(2 * MIB);
  host.faults.add({ kind: "slowTransfer", bytesPerSecond: 20 * MIB, method: "PUT", times: 1 });
  expect(await put("slow", bytes, {})).toBe(200);
  expect(await storedMd5("slow")).toBe(md5(bytes));
});
