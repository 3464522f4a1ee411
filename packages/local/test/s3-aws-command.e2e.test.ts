/** The real `aws` command (Debian: `awscli`) against the S3 service. */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rawGet } from "./raw-http.js";
import { type S3Host, startS3 } from "./s3-host.js";
import { type AwsCommand, hasAwsCommand, startAwsCommand } from "./support/aws-command.js";

describe.skipIf(!hasAwsCommand)("the aws command", () => {
  let host: S3Host;
  let folder: string;

  let command: AwsCommand;
  const aws = (...words: string[]) => command.run(...words);

  beforeAll(async () => {
    host = await startS3({ verifySignatures: true });
    folder = await mkdtemp(join(tmpdir(), "fota-s3-aws-"));
    // Without it, version 1 of the command presigns with Signature Version 2.
    await writeFile(join(folder, "config"), "[default]\ns3 =\n  signature_version = s3v4\n");
    command = startAwsCommand({
      HOME: folder,
      AWS_CONFIG_FILE: join(folder, "config"),
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_REGION: "us-east-1",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ENDPOINT_URL: host.endpoint,
    });
    await aws("s3", "mb", "s3://firmware");
  });

  afterAll(async () => {
    await command.stop();
    await host.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("copies up in parts and down again, lists, presigns and removes", async () => {
    const image = randomBytes(9_000_000);
    const path = join(folder, "app.bin");
    await writeFile(path, image);
    await aws("s3", "cp", path, "s3://firmware/releases/app 1.bin", "--no-progress");
    expect(host.store.object("firmware", "releases/app 1.bin")?.partSizesBytes).toEqual([8_388_608, 611_392]);
    expect(await aws("s3", "ls", "s3://firmware/")).toMatch(/PRE releases\/\n$/);
    expect(await aws("s3", "ls", "s3://firmware/releases/")).toMatch(/ 9000000 app 1\.bin\n$/);
    const back = join(folder, "back.bin");
    await aws("s3", "cp", "s3://firmware/releases/app 1.bin", back, "--no-progress");
    expect((await readFile(back)).equals(image)).toBe(true);
    const url = (await aws("s3", "presign", "s3://firmware/releases/app 1.bin")).trim();
    expect(await rawGet(url, { headers: { range: "bytes=0-0" } })).toMatchObject({
      status: 206,
      headers: { "content-range": "bytes 0-0/9000000" },
    });
    expect((await rawGet(`${url.slice(0, -1)}x`)).status).toBe(403);
    await aws("s3", "rm", "s3://firmware/releases/app 1.bin");
    expect(host.store.object("firmware", "releases/app 1.bin")).toBeUndefined();
  });

  test("syncs a folder, copies on the server in parts, and removes all", async () => {
    const image = randomBytes(9_000_000);
    await mkdir(join(folder, "sync", "a"), { recursive: true });
    await writeFile(join(folder, "sync", "a", "large.bin"), image);
    await writeFile(join(folder, "sync", "small.txt"), "small");
    await aws("s3", "sync", join(folder, "sync"), "s3://firmware/sync", "--no-progress");
    expect([...host.store.keys("firmware")]).toEqual(["sync/a/large.bin", "sync/small.txt"]);
    await aws("s3", "cp", "s3://firmware/sync/a/large.bin", "s3://firmware/copied.bin", "--no-progress");
    const [copied, source] = ["copied.bin", "sync/a/large.bin"].map((key) =>
      host.store.object("firmware", key),
    );
    expect([copied?.etag, copied?.partSizesBytes]).toEqual([source?.etag, [8_388_608, 611_392]]);
    await aws("s3", "rm", "s3://firmware", "--recursive", "--quiet");
    expect([...host.store.keys("firmware")]).toEqual([]);
  });

  test("puts with a digest and reads what was stored", async () => {
    const path = join(folder, "small.bin");
    await writeFile(path, "123456789");
    const digest = createHash("md5").update("123456789").digest("base64");
    const api = async (...words: string[]) =>
      JSON.parse(
        await aws("s3api", words[0] ?? "", "--bucket", "firmware", ...words.slice(1), "--output", "json"),
      );
    const put = ["put-object", "--key", "small", "--body", path, "--metadata", "version=1.2.3"];
    expect(await api(...put, "--content-md5", digest)).toMatchObject({
      ETag: '"25f9e794323b453885f5181f1b624d0b"',
      ChecksumCRC32: "y/Q5Jg==",
    });
    expect(await api("head-object", "--key", "small")).toMatchObject({
      ContentLength: 9,
      Metadata: { version: "1.2.3" },
    });
    expect(await api("list-objects-v2")).toMatchObject({ Contents: [{ Key: "small", Size: 9 }] });
    await expect(api(...put, "--if-none-match", "*")).rejects.toThrow(/PreconditionFailed/);
  });
});
