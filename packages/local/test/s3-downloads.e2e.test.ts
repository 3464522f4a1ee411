/** Downloads at the same time, which share the memory that they are sent from. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Fault } from "../src/faults/fault.js";
import { type S3Host, startS3 } from "./s3-host.js";

const Bucket = "firmware";
const MIB = 1024 * 1024;
/** More than the kernel takes for a connection whose client does not read. */
const SIZE_BYTES = 16 * MIB;
const authorization =
  "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";

let host: S3Host;
let s3: S3Client;

beforeAll(async () => {
  host = await startS3();
  s3 = host.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterAll(() => host.stop());

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

async function start(key: string, range?: string): Promise<IncomingMessage> {
  const headers = { authorization, ...(range !== undefined && { range }) };
  const [response] = await once(get(`${host.endpoint}/${Bucket}/${key}`, { headers }), "response");
  return response;
}

const received = async (response: IncomingMessage) => Buffer.concat(await response.toArray());

/** Stores an object in parts, whose folder is removed only when no download has it any more. */
async function putInParts(Key: string, bytes: Buffer): Promise<void> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const upload = { Bucket, Key, UploadId };
  const Parts = [];
  for (const PartNumber of [1, 2]) {
    const Body = bytes.subarray((PartNumber - 1) * 10 * MIB, PartNumber * 10 * MIB);
    const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  }
  await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
}

const uploadFolders = () => readdir(join(host.dir, "uploads"));

test("have the bytes of their objects, whole and in part, while others wait or are broken off", async () => {
  const objects = await Promise.all(
    ["a", "b", "c"].map(async (Key) => {
      const Body = randomBytes(SIZE_BYTES);
      await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
      return { Key, Body };
    }),
  );
  const slow = await start("a"); // does not read yet
  const broken = await start("b");
  const whole = objects.map(async ({ Key, Body }) => {
    expect(md5(await received(await start(Key))), Key).toBe(md5(Body));
  });
  const parts = objects.map(async ({ Key, Body }) => {
    const response = await start(Key, `bytes=${MIB - 7}-${3 * MIB}`);
    expect(response.headers["content-length"]).toBe(String(2 * MIB + 8));
    expect(md5(await received(response)), Key).toBe(md5(Body.subarray(MIB - 7, 3 * MIB + 1)));
  });
  broken.destroy();
  await Promise.all([...whole, ...parts]);
  expect(md5(await received(slow))).toBe(md5(objects[0]?.Body ?? Buffer.alloc(0)));
});

test("that wait for each other on one connection follow each other", async () => {
  const Body = randomBytes(MIB + 1);
  await s3.send(new PutObjectCommand({ Bucket, Key: "one", Body }));
  const { hostname, port } = new URL(host.endpoint);
  const socket = connect(Number(port), hostname);
  const ask = (last: string) =>
    `GET /${Bucket}/one HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${authorization}\r\n${last}\r\n`;
  socket.write(ask("") + ask("") + ask("connection: close\r\n"));
  const answer = Buffer.concat(await socket.toArray());
  let at = 0;
  for (let answers = 0; answers < 3; answers += 1) {
    const start = answer.indexOf("\r\n\r\n", at) + 4;
    at = start + Body.length;
    expect(answer.subarray(start, at).equals(Body)).toBe(true);
  }
  expect(at).toBe(answer.length);
});

test.each<{ what: string; requests: number; fault?: Fault }>([
  { what: "stops reading and then disconnects", requests: 1 },
  { what: "disconnects while one download waits for another on its connection", requests: 2 },
  {
    what: "disconnects while one that stalls waits for another",
    requests: 2,
    fault: { kind: "stallTransfer", atByte: 1000 },
  },
  {
    what: "disconnects while one that is slow waits for another",
    requests: 2,
    fault: { kind: "slowTransfer", bytesPerSecond: 1000 * MIB },
  },
])("let go of the files of a deleted object when its client $what", async ({ requests, fault }) => {
  onTestFinished(() => void host.faults.clear());
  if (fault !== undefined) host.faults.add(fault);
  await putInParts("gone", randomBytes(SIZE_BYTES));
  const { hostname, port } = new URL(host.endpoint);
  const socket = connect(Number(port), hostname);
  const ask = `GET /${Bucket}/gone HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${authorization}\r\n\r\n`;
  socket.write(ask.repeat(requests));
  await once(socket, "readable"); // the first bytes are there, and nothing reads them
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "gone" }));
  expect(await uploadFolders()).toHaveLength(1);
  socket.destroy();
  await expect.poll(uploadFolders).toEqual([]);
});

test("let go of an upload that stalls after one when its client disconnects", async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: "first", Body: "bytes" }));
  onTestFinished(() => void host.faults.clear());
  host.faults.add({ kind: "stallTransfer", atByte: 0 });
  host.faults.add({ kind: "stallTransfer", atByte: 1, method: "PUT" });
  const { hostname, port } = new URL(host.endpoint);
  const socket = connect(Number(port), hostname);
  const ask = (line: string, more: string) =>
    `${line} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${authorization}\r\n${more}\r\n`;
  socket.write(
    `${ask(`GET /${Bucket}/first`, "")}${ask(`PUT /${Bucket}/never`, "content-length: 5\r\n")}bytes`,
  );
  const unfinished = () => readdir(join(host.dir, "temp"));
  await expect.poll(unfinished).toHaveLength(1);
  socket.destroy();
  await expect.poll(unfinished).toEqual([]);
});

test("that are cut before their first byte do not cut the one before on their connection", async () => {
  const Body = randomBytes(SIZE_BYTES);
  await s3.send(new PutObjectCommand({ Bucket, Key: "before", Body }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "cut", Body: "bytes" }));
  onTestFinished(() => void host.faults.clear());
  host.faults.add({ kind: "cutTransfer", atByte: 0, key: "cut" });
  const { hostname, port } = new URL(host.endpoint);
  const socket = connect(Number(port), hostname);
  const ask = (key: string) =>
    `GET /${Bucket}/${key} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${authorization}\r\n\r\n`;
  socket.write(ask("before") + ask("cut"));
  const answers = Buffer.concat(await socket.toArray());
  const start = answers.indexOf("\r\n\r\n") + 4;
  expect(md5(answers.subarray(start, start + SIZE_BYTES))).toBe(md5(Body));
  expect(answers.subarray(start + SIZE_BYTES).toString("latin1")).toMatch(
    /^HTTP\/1\.1 200 OK\r\n.*content-length: 5\r\n.*\r\n\r\n$/s,
  );
});
