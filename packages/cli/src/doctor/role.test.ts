import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { checkRole } from "./role.js";

const here = { account: "123456789012", region: "eu-west-1" };
const arn = "arn:aws:iam::123456789012:role/fota";

function under(...conditions: (object | undefined)[]) {
  const Statement = conditions.map((Condition) => ({
    Effect: "Allow",
    Principal: { Service: "iot.amazonaws.com" },
    Action: "sts:AssumeRole",
    ...(Condition && { Condition }),
  }));
  return async () => ({ arn, trustPolicy: JSON.stringify({ Statement }) });
}

test.each([
  ["no condition", under(undefined), "ok"],
  ["this account", under({ StringEquals: { "aws:SourceAccount": "123456789012" } }), "ok"],
  ["this region", under({ ArnLike: { "aws:SourceArn": "arn:aws:iot:eu-west-1:123456789012:*" } }), "ok"],
  ["an own condition", under({ StringEquals: { "aws:PrincipalOrgID": "o-1" } }), "ok"],
  ["another account", under({ StringEquals: { "aws:SourceAccount": ["999999999999"] } }), "warn"],
  ["another region", under({ ArnLike: { "AWS:SourceArn": "arn:aws:iot:us-east-1:123456789012:*" } }), "warn"],
  [
    "one thing",
    under({ ArnEquals: { "aws:SourceArn": "arn:aws:iot:eu-west-1:123456789012:thing/a" } }),
    "warn",
  ],
  ["another account or none", under({ StringEquals: { "aws:SourceAccount": "9" } }, undefined), "ok"],
] as const)("a role that trusts AWS IoT under %s: %s", async (_what, getRole, status) => {
  expect(await checkRole("fota", here, getRole)).toMatchObject({
    status,
    message: expect.stringContaining(arn),
  });
});

test("a role that may not be read is reported, and does not count as a failure", async () => {
  const getRole = async () => {
    throw new FotaError("ACCESS_DENIED", "cannot look up role fota: access denied");
  };
  expect(await checkRole("fota", here, getRole)).toMatchObject({
    status: "warn",
    hint: expect.stringContaining("iam:GetRole"),
  });
});
