import { parseJobDocument } from "@fota/shared";
import { expect, test } from "vitest";
import type { JobDescription } from "../aws/jobs.js";
import { type OldJob, requestAgain } from "./plan-again.js";

const ROLE = "arn:aws:iam::123456789012:role/fota";
const object = { bucket: "fw", key: "fota/ab/app.bin" };
const PRESIGNED = "https://fw.s3.eu-west-1.amazonaws.com/fota/ab/app.bin?X-Amz-Signature=1";
const PLACEHOLDER = "${aws:iot:s3-presigned-url:https://s3.eu-west-1.amazonaws.com/fw/fota/ab/app.bin}";

function oldJob(url: string): OldJob {
  const image = { name: "app.bin", sizeBytes: 3, md5: "0".repeat(32), sha256: "0".repeat(64) };
  const ordered = { bc_idx: 1, bc_crc: image.md5, bc_size: 3, bc_sha256: image.sha256, bc_version: "1.4.0" };
  const job = {
    description: "spring",
    presignedUrlConfig: { roleArn: ROLE, expiresInSec: 900 },
    jobExecutionsRolloutConfig: { maximumPerMinute: 50 },
    timeoutConfig: { inProgressTimeoutInMinutes: 30 },
    schedulingConfig: { startTime: "2020-01-01T00:00" },
  } as JobDescription;
  return {
    job,
    document: parseJobDocument({ operation: "fota", bc_url: url, ...ordered }),
    images: [{ slot: 1, object, image, isThere: true }],
  };
}

test("all but the schedule is as it was", () => {
  expect(requestAgain(oldJob(PLACEHOLDER), {}, ["pump-1"])).toEqual({
    images: [object.key],
    slot: 1,
    to: ["pump-1"],
    bucket: "fw",
    presign: "iot",
    role: ROLE,
    expires: "900s",
    description: "spring",
    fwVersion: "1.4.0",
    rate: "50/min",
    timeout: "30m",
  });
});

test("options come before it, and a preset takes the place of the rollout", () => {
  const options = { rate: "5/min", description: "again" };
  expect(requestAgain(oldJob(PLACEHOLDER), options, [])).toMatchObject({ ...options, timeout: "30m" });
  const preset = requestAgain(oldJob(PLACEHOLDER), { rollout: "careful" }, []);
  expect([preset.rate, preset.timeout]).toEqual([undefined, undefined]);
});

test("who presigns can change, and the other's role and time go with it", () => {
  const byCli = requestAgain(oldJob(PLACEHOLDER), { presign: "cli" }, []);
  expect([byCli.role, byCli.expires]).toEqual([undefined, undefined]);
  expect(requestAgain(oldJob(PRESIGNED), {}, [])).toMatchObject({ presign: "cli" });
  expect(requestAgain(oldJob(PRESIGNED), {}, [])).not.toHaveProperty("role");
});
