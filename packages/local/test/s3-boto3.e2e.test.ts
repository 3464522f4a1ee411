/** boto3 (Debian: `python3-boto3`) against the S3 service. */
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startS3 } from "./s3-host.js";

const run = promisify(execFile);
/** Debian's package belongs to Debian's Python, which may not be the first one on PATH. */
const python = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import boto3"]).status === 0,
);
if (python === undefined) console.warn("skipped: boto3 is not installed (Debian: python3-boto3)");

test.skipIf(python === undefined)("boto3 does with S3 what it does with Amazon's", async () => {
  const host = await startS3({ verifySignatures: true });
  const folder = await mkdtemp(join(tmpdir(), "fota-s3-boto3-"));
  try {
    const path = join(folder, "large.bin");
    await writeFile(path, randomBytes(9_000_000));
    const script = fileURLToPath(new URL("./boto3-s3.py", import.meta.url));
    const env = { PATH: process.env["PATH"], HOME: folder };
    const { stdout } = await run(`${python}`, [script, host.endpoint, path], { env, timeout: 120_000 });
    const { digests, v2, ...seen } = JSON.parse(stdout);
    expect(seen).toEqual({
      old: ["one", { version: "1.0" }, 1],
      part: "wo",
      deleted: "NoSuchKey",
      versions: [2, 1],
      etag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/),
      presigned: [206, "on"],
      altered: 403,
      condition: "PreconditionFailed",
      range: "InvalidRange",
      unsupported: "NotImplemented",
      buckets: [],
    });
    expect(digests[1]).toBe(digests[0]);
    expect(v2[0]).toBe(400);
    expect(v2[1]).toContain("Please use AWS4-HMAC-SHA256");
  } finally {
    await host.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
