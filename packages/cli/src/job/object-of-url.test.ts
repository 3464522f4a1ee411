import { expect, test } from "vitest";
import { objectOfUrl } from "./object-of-url.js";

test.each([
  ["https://fw.s3.eu-west-1.amazonaws.com/fota/ab/app.bin?X-Amz-Expires=60", undefined, "fw"],
  ["https://fw.s3.amazonaws.com/fota/ab/app.bin", undefined, "fw"],
  ["https://fw.s3-us-west-2.amazonaws.com/fota/ab/app.bin", undefined, "fw"],
  ["https://fw.s3.cn-north-1.amazonaws.com.cn/fota/ab/app.bin", undefined, "fw"],
  ["https://s3.eu-west-1.amazonaws.com/my.fw/fota/ab/app.bin", undefined, "my.fw"],
  ["${aws:iot:s3-presigned-url:https://s3.eu-west-1.amazonaws.com/fw/fota/ab/app.bin}", undefined, "fw"],
  [
    "${aws:iot:s3-presigned-url-v2:https%3A%2F%2Ffw.s3.eu-west-1.amazonaws.com%2Ffota%2Fab%2Fapp.bin}",
    undefined,
    "fw",
  ],
  ["http://127.0.0.1:4566/fw/fota/ab/app.bin?X-Amz-Signature=1", undefined, "fw"],
  ["https://s3x.example.org/fw/fota/ab/app.bin", "https://s3x.example.org", "fw"],
  ["https://fw.s3x.example.org/fota/ab/app.bin", "https://s3x.example.org", "fw"],
])("%s is an object", (url, endpoint, bucket) => {
  expect(objectOfUrl(url, endpoint)).toEqual({ bucket, key: "fota/ab/app.bin" });
});

test.each([
  "https://cdn.example.org/app.bin",
  "https://fw.s3.eu-west-1.amazonaws.com/",
  "",
  "${aws:iot:s3-presigned-url:}",
])("%j is none", (url) => {
  expect(objectOfUrl(url, undefined)).toBeUndefined();
});

test("signs of a key that are escaped in a URL are those of the key", () => {
  expect(objectOfUrl("https://fw.s3.amazonaws.com/a%20b/c%2Bd", undefined)).toEqual({
    bucket: "fw",
    key: "a b/c+d",
  });
});
