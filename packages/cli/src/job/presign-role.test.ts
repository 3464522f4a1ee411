import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { findRole } from "./presign-role.js";

const thing = "arn:aws:iot:eu-west-1:123456789012:thing/pump-1";
const arn = "arn:aws:iam::123456789012:role/service/fota";

function trusting(service: unknown, more: object = {}) {
  const Statement = [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole", ...more }];
  return async () => ({ arn, trustPolicy: JSON.stringify({ Statement }) });
}

test("a name becomes the ARN that IAM gives, path and all", async () => {
  expect(await findRole("fota", thing, trusting("iot.amazonaws.com"))).toEqual({ arn, warnings: [] });
});

test("an ARN is looked up by the name in it", async () => {
  const asked: string[] = [];
  const getRole = async (name: string) => {
    asked.push(name);
    return await trusting(["ec2.amazonaws.com", "iot.amazonaws.com"])();
  };
  expect(await findRole(arn, thing, getRole)).toEqual({ arn, warnings: [] });
  expect(asked).toEqual(["fota"]);
});

test("an ARN of another account is refused before anything is asked", async () => {
  const other = "arn:aws:iam::999999999999:role/fota";
  await expect(findRole(other, thing, trusting("iot.amazonaws.com"))).rejects.toMatchObject({
    code: "ROLE_INVALID",
  });
});

test.each([
  ["another service", trusting("ec2.amazonaws.com")],
  ["a denial", trusting("iot.amazonaws.com", { Effect: "Deny" })],
  ["another action", trusting("iot.amazonaws.com", { Action: "sts:TagSession" })],
  ["no policy", async () => ({ arn, trustPolicy: "" })],
])("a role that trusts AWS IoT not, by %s, is refused with what it lacks", async (_what, getRole) => {
  await expect(findRole("fota", thing, getRole)).rejects.toMatchObject({
    code: "ROLE_INVALID",
    hint: expect.stringContaining("iot.amazonaws.com"),
  });
});

test.each([
  ["credentials that may not look at roles", "ACCESS_DENIED"],
  ["a network without a way to IAM", "ENDPOINT_UNREACHABLE"],
] as const)("%s: it goes on, with the name's usual ARN and a word about it", async (_what, code) => {
  const getRole = async () => {
    throw new FotaError(code, "cannot look up role fota");
  };
  const found = await findRole("fota", thing, getRole);
  expect(found.arn).toBe("arn:aws:iam::123456789012:role/fota");
  expect(found.warnings).toEqual([expect.stringContaining("not checked")]);
});

test("a role that is not there is an error", async () => {
  const getRole = async () => {
    throw new FotaError("ROLE_NOT_FOUND", "there is no role fota");
  };
  await expect(findRole("fota", thing, getRole)).rejects.toMatchObject({ code: "ROLE_NOT_FOUND" });
});
