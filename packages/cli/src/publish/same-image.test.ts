import { type ErrorCode, FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { s3That } from "../../test/service-that.js";
import { findUnderOtherNames } from "./same-image.js";

const object = { bucket: "fw", key: "fota/aa/app.bin" };

function s3ThatRefuses(code: ErrorCode) {
  return s3That({
    ListObjectsV2: () => {
      throw new FotaError(code, "no");
    },
  });
}

test.each<ErrorCode>(["ACCESS_DENIED", "THROTTLED", "ENDPOINT_UNREACHABLE", "AWS_ERROR"])(
  "a bucket that cannot be listed gives no warning, and no error: %s",
  async (code) => {
    const { s3, asked } = s3ThatRefuses(code);
    expect(await findUnderOtherNames(s3, object, "aa")).toEqual([]);
    expect(asked).toEqual(["ListObjectsV2"]);
  },
);

test("an interruption stops the publish", async () => {
  const { s3 } = s3ThatRefuses("INTERRUPTED");
  await expect(findUnderOtherNames(s3, object, "aa")).rejects.toThrow("no");
});

test("an image that has no other name takes one request", async () => {
  const { s3, asked } = s3That({ ListObjectsV2: () => ({ Contents: [{ Key: object.key }] }) });
  expect(await findUnderOtherNames(s3, object, "aa")).toEqual([]);
  expect(asked).toEqual(["ListObjectsV2"]);
});
