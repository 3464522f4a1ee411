/** The memory of the stand-in does not grow with the size of uploads and downloads. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { pipeline } from "node:stream/promises";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildLocalProgram, type LocalProgram } from "./support/local-program.js";

const MIB = 1024 * 1024;
const SIZE_BYTES = 128 * MIB;
/** Less than the size of the object. Measured: 45 MiB, also with 5 GiB. */
const MAX_GROWTH_BYTES = 96 * MIB;

let program: LocalProgram;

beforeAll(async () => {
  program = await buildLocalProgram();
});

afterAll(() => program.dispose());

async function peakBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

function* zeros(sizeBytes: number): Generator<Buffer> {
  const piece = Buffer.alloc(MIB);
  for (let sent = 0; sent < sizeBytes; sent += piece.length) yield piece;
}

test.skipIf(process.platform !== "linux")(
  "an object of 128 MiB up and down takes less than itself",
  async () => {
    const { child, info } = await program.started();
    const s3 = new S3Client({
      endpoint: info.endpoint,
      region: info.region,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      requestChecksumCalculation: "WHEN_REQUIRED",
    });
    const object = { Bucket: "firmware", Key: "large.bin" };
    await s3.send(new CreateBucketCommand(object));
    const before = await peakBytes(child.pid);

    const headers = { "content-length": SIZE_BYTES };
    const put = request(await getSignedUrl(s3, new PutObjectCommand(object)), { method: "PUT", headers });
    const answered = once(put, "response");
    await pipeline(zeros(SIZE_BYTES), put);
    const [{ statusCode }] = await answered;
    expect(statusCode).toBe(200);

    const response = await fetch(await getSignedUrl(s3, new GetObjectCommand(object)));
    let receivedBytes = 0;
    for await (const piece of response.body ?? []) receivedBytes += piece.length;
    expect(receivedBytes).toBe(SIZE_BYTES);

    expect((await peakBytes(child.pid)) - before).toBeLessThan(MAX_GROWTH_BYTES);

    s3.destroy();
  },
);
