import { expect, test } from "vitest";
import { signedUrlEnd } from "./signed-url.js";

test("a presigned URL ends X-Amz-Expires seconds after X-Amz-Date", () => {
  const url =
    "https://b.s3.eu-west-1.amazonaws.com/k?X-Amz-Date=20261124T080000Z&X-Amz-Expires=3600&X-Amz-Signature=0";
  expect(signedUrlEnd(url)?.toISOString()).toBe("2026-11-24T09:00:00.000Z");
});

test.each([
  "https://example.com/app.bin",
  "https://example.com/app.bin?X-Amz-Date=today&X-Amz-Expires=60",
  "https://example.com/app.bin?X-Amz-Date=20261124T080000Z",
  "${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}",
])("%s has no end of its own", (url) => {
  expect(signedUrlEnd(url)).toBeUndefined();
});
