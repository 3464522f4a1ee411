import { expect, test } from "vitest";
import { judgeEncryption, judgePolicy } from "./bucket.js";
import { ok, skipped } from "./verdict.js";

const kms = { algorithm: "aws:kms", kmsKeyId: "arn:aws:kms:eu-west-1:123456789012:key/1" };

test("keys of S3 need no right; a KMS key does, until a presigned URL was seen to work", () => {
  expect(judgeEncryption({ algorithm: "AES256", kmsKeyId: undefined }, skipped("not tried")).status).toBe(
    "ok",
  );
  expect(judgeEncryption(kms, skipped("not tried"))).toMatchObject({
    status: "warn",
    message: expect.stringContaining(kms.kmsKeyId),
    hint: expect.stringContaining("kms:Decrypt"),
  });
  expect(judgeEncryption(kms, ok("works")).status).toBe("ok");
});

function policyWith(Condition: object | undefined): string {
  return JSON.stringify({ Statement: [{ Effect: "Deny", Action: "s3:*", Condition }] });
}

test.each([
  ["no policy", undefined, "ok", "none"],
  ["no condition", policyWith(undefined), "ok", "no condition"],
  ["TLS only", policyWith({ Bool: { "aws:SecureTransport": "false" } }), "ok", "no condition"],
  ["addresses", policyWith({ NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } }), "warn", "aws:sourceip"],
  ["a VPC endpoint", policyWith({ StringNotEquals: { "AWS:SourceVpce": "vpce-1" } }), "warn", "endpoint"],
  ["age", policyWith({ NumericGreaterThan: { "s3:signatureAge": 1000 } }), "warn", "expire earlier"],
] as const)("a policy with %s", (_what, policy, status, says) => {
  expect(judgePolicy(policy)).toMatchObject({ status, message: expect.stringContaining(says) });
});

test("one statement need not be in a list", () => {
  const policy = { Statement: { Condition: { StringEquals: { "s3:authType": "REST-QUERY-STRING" } } } };
  expect(judgePolicy(JSON.stringify(policy)).status).toBe("warn");
});
