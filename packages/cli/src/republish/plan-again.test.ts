import { parseJobDocument } from "@fota/shared";
import { expect, test } from "vitest";
import type { JobDescription } from "../aws/jobs.js";
import { parseTargets } from "../job/targets.js";
import type { FileSettings } from "../settings/config-schema.js";
import { type OldJob, type RepublishOptions, republishSpec } from "./plan-again.js";

const ROLE = "arn:aws:iam::123456789012:role/fota";
const object = { bucket: "fw", key: "fota/ab/app.bin" };
const PRESIGNED = "https://fw.s3.eu-west-1.amazonaws.com/fota/ab/app.bin?X-Amz-Signature=1";
const VERSION_ARN = "arn:aws:iot:eu-west-1:123456789012:package/fw/version/1.4.0";
const PLACEHOLDER = "${aws:iot:s3-presigned-url:https://s3.eu-west-1.amazonaws.com/fw/fota/ab/app.bin}";

function oldJob(url: string): OldJob {
  const image = { name: "app.bin", sizeBytes: 3, md5: "0".repeat(32), sha256: "0".repeat(64) };
  const imageKeys = {
    bc_idx: 1,
    bc_crc: image.md5,
    bc_size: 3,
    bc_sha256: image.sha256,
    bc_version: "1.4.0",
  };
  const job = {
    description: "spring",
    presignedUrlConfig: { roleArn: ROLE, expiresInSec: 900 },
    jobExecutionsRolloutConfig: { maximumPerMinute: 50 },
    timeoutConfig: { inProgressTimeoutInMinutes: 30 },
    schedulingConfig: { startTime: "2020-01-01T00:00" },
    packageArns: [VERSION_ARN],
  } as JobDescription;
  return {
    job,
    document: parseJobDocument({ operation: "fota", bc_url: url, ...imageKeys }),
    images: [{ slot: 1, object, image, isThere: true }],
  };
}

const targets = parseTargets(["pump-1"], 1);

function again(url: string, options: RepublishOptions, file: FileSettings = {}) {
  const sources = { file, env: {}, now: new Date("2026-11-24T08:00:00Z") };
  return republishSpec(oldJob(url), options, targets, sources);
}

test("all but the schedule is as it was", () => {
  expect(again(PLACEHOLDER, {})).toEqual({
    targets,
    continuous: false,
    makeGroup: undefined,
    presign: { by: "iot", role: ROLE, expiresInSeconds: 900 },
    jobId: undefined,
    fwVersion: "1.4.0",
    model: undefined,
    minVersion: undefined,
    description: "spring",
    tags: {},
    rollout: { ratePerMinute: 50, abortOn: [], timeoutMinutes: 30, retries: [] },
    schedule: { windows: [] },
    scheduleTexts: {},
    renamed: [],
    legacy: false,
    packageName: undefined,
    packageArns: [VERSION_ARN],
  });
});

test("options come before it, and a preset takes the place of the rollout", () => {
  const changed = again(PLACEHOLDER, { rate: "5/min", description: "again" });
  const rollout = { ratePerMinute: 5, abortOn: [], timeoutMinutes: 30, retries: [] };
  expect(changed).toMatchObject({ rollout, description: "again" });
  const file = { rollouts: { careful: { abortOn: ["any>5% after 3"] } } };
  expect(again(PLACEHOLDER, { rollout: "careful" }, file).rollout).toEqual({
    abortOn: [{ failure: "ALL", percent: 5, minThings: 3 }],
    retries: [],
  });
});

test("who presigns can change, and the other's role and time go with it", () => {
  expect(again(PLACEHOLDER, { presign: "cli" }).presign).toEqual({ by: "cli", expiresInSeconds: undefined });
  expect(again(PRESIGNED, {}).presign).toEqual({ by: "cli", expiresInSeconds: undefined });
  const file = { role: "ours", expires: "10m" };
  expect(again(PRESIGNED, { presign: "iot" }, file).presign).toEqual({
    by: "iot",
    role: "ours",
    expiresInSeconds: 600,
  });
});
