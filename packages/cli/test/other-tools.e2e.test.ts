import { spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocal } from "@fota/local";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type AwsCommand, hasAwsCommand, startAwsCommand } from "../../local/test/support/aws-command.js";
import { keptPort } from "../../shared/test/kept-port.js";
import { publish } from "../src/index.js";
import { stubEnvironment } from "./stub-environment.js";

// What was published, read back by the `aws` command: from the stand-in, and from moto, which nobody of us wrote. Each
// is skipped where it is not installed (Debian: awscli; pip: moto[server]).
const hasMoto = hasAwsCommand && spawnSync("python3", ["-c", "import moto.server"]).status === 0;

const BUCKET = "fw-releases";
const image = randomBytes(300_000);
const sha256 = createHash("sha256").update(image).digest("hex");
let folder: string;
let command: AwsCommand | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-tools-"));
  await writeFile(join(folder, "app.bin"), image);
});
afterEach(async () => {
  await command?.stop();
  command = undefined;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function aws(...words: string[]) {
  const stdout = await command?.run(...words);
  return stdout?.startsWith("{") ? JSON.parse(stdout) : stdout;
}

async function prepare(endpoint: string): Promise<void> {
  stubEnvironment({ AWS_ENDPOINT_URL: endpoint, AWS_REGION: "us-east-1" });
  command = startAwsCommand({
    HOME: folder,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ENDPOINT_URL: endpoint,
  });
  await aws("s3", "mb", `s3://${BUCKET}`);
  await aws("iot", "create-thing", "--thing-name", "pump-1");
}

const request = {
  images: ["app.bin"],
  slot: 1,
  to: ["pump-1"],
  bucket: BUCKET,
  rate: "50/min",
  abortOn: ["failed>10% after 20"],
  thingTimeout: "30m",
};

async function readBack(jobId: string): Promise<void> {
  const { job } = await aws("iot", "describe-job", "--job-id", jobId);
  expect(job).toMatchObject({
    jobId,
    jobExecutionsRolloutConfig: { maximumPerMinute: 50 },
    abortConfig: {
      criteriaList: [{ failureType: "FAILED", thresholdPercentage: 10, minNumberOfExecutedThings: 20 }],
    },
    timeoutConfig: { inProgressTimeoutInMinutes: 30 },
  });
  const copy = join(folder, "copy.bin");
  await aws("s3", "cp", "--quiet", `s3://${BUCKET}/fota/${sha256}/app.bin`, copy);
  expect((await readFile(copy)).equals(image)).toBe(true);
}

describe.skipIf(!hasAwsCommand)("on the stand-in", () => {
  test("the aws command reads back the job and the image", async () => {
    const local = await startLocal();
    try {
      await prepare(local.endpoint);
      const { jobId } = await publish({ ...request, cwd: folder });
      await readBack(jobId);
    } finally {
      await local.stop();
    }
  });
});

describe.skipIf(!hasMoto)("on moto", () => {
  test("publish makes the job, finds it again, and reads a role and its trust", async () => {
    const port = await keptPort();
    const moto = spawn("python3", ["-m", "moto.server", "-p", String(port)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    try {
      await once(moto.stderr, "data"); // the line that says it is running
      await prepare(`http://127.0.0.1:${port}`);
      const { jobId } = await publish({ ...request, cwd: folder });
      await readBack(jobId);
      expect((await publish({ ...request, cwd: folder })).jobId).toBe(jobId);

      const presigned = { ...request, cwd: folder, presign: "iot", role: "fota" };
      await expect(publish(presigned)).rejects.toMatchObject({ code: "ROLE_NOT_FOUND" });
      await createRole("fota", "ec2.amazonaws.com");
      await expect(publish(presigned)).rejects.toMatchObject({ code: "ROLE_INVALID" });
      await createRole("fota-presign", "iot.amazonaws.com");
      const { document } = await publish({ ...presigned, role: "fota-presign" });
      expect(document.bc_url).toMatch(/^\$\{aws:iot:s3-presigned-url:/);
    } finally {
      moto.kill();
      await once(moto, "close");
    }
  });
});

async function createRole(name: string, service: string): Promise<void> {
  const Statement = [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }];
  const policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", policy);
}
