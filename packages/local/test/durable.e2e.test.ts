/** What a stopped stand-in leaves: after `kill -9`, everything that it acknowledged; without `--dir`, nothing. */
import type { ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CreateThingCommand, IoTClient, paginateListThings } from "@aws-sdk/client-iot";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  NotFound,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startLocal } from "../src/index.js";
import { buildLocalProgram, endedBy, type LocalProgram } from "./support/local-program.js";

let program: LocalProgram;

beforeAll(async () => {
  program = await buildLocalProgram();
});

afterEach(() => program.killAll());

afterAll(() => program.dispose());

describe("kill -9 while things and objects are written", () => {
  const ROUNDS = 4;
  const Bucket = "firmware";
  /** How often a put of each key was sent and acknowledged. */
  const puts = new Map<string, { sent: number; acked: number }>();
  const things = new Set<string>();
  let versions = 0;

  /** Returns a different body each time, large enough for several writes. */
  const bytesOf = (key: string, count: number) => Buffer.alloc(200_000 + 7919 * count, `${key}:${count};`);

  async function keepPutting(s3: S3Client, key: string, onAck: () => void): Promise<void> {
    for (;;) {
      const put = puts.get(key) ?? { sent: 0, acked: 0 };
      put.sent += 1;
      puts.set(key, put);
      const count = put.sent;
      if (key === "in-parts") await putInParts(s3, key, bytesOf(key, count));
      else await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: bytesOf(key, count) }));
      put.acked = count;
      if (key.startsWith("versioned")) versions += 1;
      onAck();
    }
  }

  async function putInParts(s3: S3Client, Key: string, Body: Buffer): Promise<void> {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
  }

  async function keepCreating(iot: IoTClient, prefix: string, onAck: () => void): Promise<void> {
    for (let count = 0; ; count += 1) {
      const thingName = `${prefix}-${count}`;
      await iot.send(new CreateThingCommand({ thingName }));
      things.add(thingName);
      onAck();
    }
  }

  async function exists(s3: S3Client, Key: string): Promise<boolean> {
    try {
      await s3.send(new HeadObjectCommand({ Bucket, Key }));
      return true;
    } catch (error) {
      if (error instanceof NotFound) return false;
      throw error;
    }
  }

  async function checkAll(s3: S3Client, iot: IoTClient): Promise<void> {
    for (const [key, { sent, acked }] of puts) {
      if (acked === 0 && !(await exists(s3, key))) continue; // the kill came before the first answer
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
      const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
      const count = Number(/:(\d+);/.exec(bytes.toString("latin1", 0, 40))?.[1]);
      expect([count >= acked, count <= sent], `${key}: put ${count}, acknowledged ${acked}`).toEqual([
        true,
        true,
      ]);
      expect(bytes.equals(bytesOf(key, count)), `${key}: put ${count} is whole`).toBe(true);
    }
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: "versioned" }));
    expect(Versions.length).toBeGreaterThanOrEqual(versions);
    const found = new Set<string | undefined>();
    for await (const { things: page = [] } of paginateListThings({ client: iot }, {})) {
      for (const thing of page) found.add(thing.thingName);
    }
    expect([...things].filter((name) => !found.has(name))).toEqual([]);
  }

  test("never loses an acknowledged change or leaves a torn file", async () => {
    const dir = join(program.folder, "state");
    for (let round = 0; round <= ROUNDS; round += 1) {
      const { child, info } = await program.started(dir);
      const credentials = { accessKeyId: "test", secretAccessKey: "test" };
      const config = { endpoint: info.endpoint, region: info.region, credentials, maxAttempts: 1 };
      const s3 = new S3Client(config);
      const iot = new IoTClient(config);
      if (round === 0) {
        await s3.send(new CreateBucketCommand({ Bucket }));
        const VersioningConfiguration = { Status: "Enabled" } as const;
        await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      }
      await checkAll(s3, iot);
      if (round === ROUNDS) await endedBy(child, "SIGKILL");
      else await writeUntilKilled(child, s3, iot, round);
      s3.destroy();
      iot.destroy();
    }
    expect(things.size).toBeGreaterThan(0);
  });

  async function writeUntilKilled(
    child: ChildProcess,
    s3: S3Client,
    iot: IoTClient,
    round: number,
  ): Promise<void> {
    const exited = once(child, "exit");
    let left = randomInt(10, 80);
    const onAck = () => {
      left -= 1;
      if (left === 0) child.kill("SIGKILL");
    };
    const writers = [
      ...["a", "b", "versioned", "in-parts"].map((key) => keepPutting(s3, key, onAck)),
      ...["t", "u"].map((prefix) => keepCreating(iot, `${prefix}${round}`, onAck)),
    ];
    await Promise.allSettled(writers); // each ends when it gets no more answers
    await exited;
  }
});

describe("a folder", () => {
  test("is used by one stand-in at a time, in this or another process, and is free after it ends in any way", async () => {
    const dir = join(program.folder, "shared");
    const refused = { code: "LOCAL_DIR_IN_USE", message: `another fota local uses ${dir}` };
    const own = await startLocal({ dir });
    await expect(startLocal({ dir })).rejects.toMatchObject(refused);
    const second = program.launch(dir);
    expect(await once(second, "exit")).toEqual([1, null]);
    await own.stop();
    const { child } = await program.started(dir);
    await expect(startLocal({ dir })).rejects.toMatchObject(refused);
    await endedBy(child, "SIGKILL");
    await (await startLocal({ dir })).stop();
  });
});

test("a folder that cannot be read is refused with the name of the file, and is free again", async () => {
  const dir = join(program.folder, "damaged");
  await (await startLocal({ dir })).stop();
  const bucket = join(dir, "s3", "buckets", "firmware");
  await mkdir(join(bucket, "objects"), { recursive: true });
  await writeFile(join(bucket, "bucket.json"), '{"name":"firmware","region":"us-east-1","createdMs":0}');
  const torn = join(bucket, "objects", "0".repeat(64));
  await writeFile(torn, "half of an obj");
  const refused = {
    code: "LOCAL_DIR_INVALID",
    message: `${torn} is not usable: it is not a complete object`,
  };
  await expect(startLocal({ dir })).rejects.toMatchObject(refused);
  await rm(torn);
  await (await startLocal({ dir })).stop();
});

describe("without a folder", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s ends the process as it would without the stand-in, and its temp folder is gone",
    async (signal) => {
      const { child, info } = await program.started();
      const temp = dirname(dirname(info.ca));
      await access(temp);
      expect(await endedBy(child, signal)).toBe(signal);
      await expect(access(temp)).rejects.toThrow("ENOENT");
    },
  );

  test("the stand-in removes its signal listeners when it stops", async () => {
    const before = process.listenerCount("SIGTERM");
    const [one, two] = await Promise.all([startLocal(), startLocal()]);
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    await one.stop();
    await two.stop();
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});
