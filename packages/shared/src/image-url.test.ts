import { expect, test } from "vitest";
import { isImageUrl, isPresignPlaceholder } from "./image-url.js";

test.each([
  "https://fw.s3.eu-west-1.amazonaws.com/a%20b.bin?X-Amz-Signature=00",
  "https://10.0.0.5:8443/app.bin",
  "http://127.0.0.1:4566/fw/app.bin?X-Amz-Expires=3600",
  "http://localhost:4566/fw/app.bin",
  "http://LOCALHOST/app.bin",
  "http://[::1]:4566/app.bin",
])("an image may come from %s", (url) => {
  expect(isImageUrl(url)).toBe(true);
});

test.each([
  "",
  "app.bin",
  "https://",
  "https:///app.bin",
  "ftp://127.0.0.1/app.bin",
  "http://images.example.com/app.bin",
  "http://127.0.0.1.example.com/app.bin",
  "http://localhost.example.com/app.bin",
  "http://localhost@example.com/app.bin",
  "http://example.com#@localhost/",
  "http://example.com\\@localhost/",
  "https://user:secret@example.com/app.bin",
  "https://example.com/a b",
  "https://example.com/a\nb",
  `https://example.com/${"a".repeat(9_000)}`,
])("no image comes from %j", (url) => {
  expect(isImageUrl(url)).toBe(false);
});

test("AWS's presign placeholders are told apart from URLs", () => {
  expect(isPresignPlaceholder("${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/app.bin}")).toBe(true);
  expect(isPresignPlaceholder("${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/fw/a%20b.bin}")).toBe(
    true,
  );
  expect(isPresignPlaceholder("${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/app.bin")).toBe(false);
  expect(isPresignPlaceholder("https://s3.amazonaws.com/fw/app.bin")).toBe(false);
});
