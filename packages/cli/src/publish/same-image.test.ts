import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { s3That } from "../../test/service-that.js";
import { findUnderOtherNames } from "./same-image.js";

const object = { bucket: "fw", key: "fota/aa/app.bin" };

test("who may not list the bucket gets no warning, and no error", async () => {
  const { s3, asked } = s3That({
    ListObjectsV2: () => {
      throw new FotaError("ACCESS_DENIED", "no");
    },
  });
  expect(await findUnderOtherNames(s3, object, "aa")).toEqual([]);
  expect(asked).toEqual(["ListObjectsV2"]);
});

test("an image that has no other name takes one request", async () => {
  const { s3, asked } = s3That({ ListObjectsV2: () => ({ Contents: [{ Key: object.key }] }) });
  expect(await findUnderOtherNames(s3, object, "aa")).toEqual([]);
  expect(asked).toEqual(["ListObjectsV2"]);
});
