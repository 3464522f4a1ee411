import { expect, test } from "vitest";
import { statementsForIot } from "../job/presign-role.js";
import { imagesPolicy, trustPolicy } from "./policies.js";

const scope = { region: "eu-west-1", account: "123456789012", bucket: "fw-releases", prefix: "fota" };

test("the role is for AWS IoT of this account and region alone", () => {
  const policy = trustPolicy(scope);
  expect(policy.Statement).toEqual([
    {
      Effect: "Allow",
      Principal: { Service: "iot.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: {
        StringEquals: { "aws:SourceAccount": "123456789012" },
        ArnLike: { "aws:SourceArn": "arn:aws:iot:eu-west-1:123456789012:*" },
      },
    },
  ]);
  expect(statementsForIot(JSON.stringify(policy))).toHaveLength(1); // publish takes it
});

test.each([
  [scope, "arn:aws:s3:::fw-releases/fota/*"],
  [{ ...scope, prefix: "" }, "arn:aws:s3:::fw-releases/*"],
  [{ ...scope, region: "cn-north-1" }, "arn:aws-cn:s3:::fw-releases/fota/*"],
  [{ ...scope, region: "us-gov-west-1" }, "arn:aws-us-gov:s3:::fw-releases/fota/*"],
])("it may read the images alone: %j", (of, resource) => {
  expect(imagesPolicy(of).Statement).toEqual([
    { Effect: "Allow", Action: ["s3:GetObject", "s3:GetObjectVersion"], Resource: resource },
  ]);
});
