import { expect, test } from "vitest";
import { checkDocument, checkRole, documentToSend } from "./documents.js";
import type { S3Object } from "./s3-url.js";

const config = { presignedUrlConfig: { roleArn: "arn:aws:iam::000000000000:role/fota", expiresInSec: 300 } };
const presign = ({ bucket, key, versionId }: S3Object, expiresInSeconds: number) =>
  `<${bucket} ${key} ${versionId ?? "newest"} ${expiresInSeconds}>`;
const url = (placeholder: string) => {
  const document = JSON.stringify({ bc_url: placeholder, size: 1 });
  checkDocument(document);
  return JSON.parse(documentToSend({ document, config }, presign)).bc_url;
};

test.each([
  ["${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/a.bin}", "<fw a.bin newest 300>"],
  [
    "${aws:iot:s3-presigned-url:https://s3.us-east-1.amazonaws.com/fw/dir/a.bin}",
    "<fw dir/a.bin newest 300>",
  ],
  [
    "${aws:iot:s3-presigned-url:https://my.fw.s3.eu-west-1.amazonaws.com/dir/a.bin}",
    "<my.fw dir/a.bin newest 300>",
  ],
  ["${aws:iot:s3-presigned-url:https://s3-eu-west-1.amazonaws.com/fw/a.bin}", "<fw a.bin newest 300>"],
  ["${aws:iot:s3-presigned-url:https://s3.cn-north-1.amazonaws.com.cn/fw/a.bin}", "<fw a.bin newest 300>"],
  [
    "${aws:iot:s3-presigned-url-v1:https://s3.amazonaws.com/fw/a%20b+c?d.bin}",
    "<fw a%20b+c?d.bin newest 300>",
  ],
  ["${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/fw/a%20b%2Bc.bin}", "<fw a b+c.bin newest 300>"],
  [
    "${aws:iot:s3-presigned-url-v2:https://fw.s3.us-east-1.amazonaws.com/a.bin%3FversionId%3Dv1}",
    "<fw a.bin v1 300>",
  ],
  ["see ${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/a} there", "see <fw a newest 300> there"],
  ["${aws:other:thing}", "${aws:other:thing}"],
])("%s -> %s", (placeholder, expected) => {
  expect(url(placeholder)).toBe(expected);
});

test("each placeholder becomes a URL, valid for an hour unless expiresInSec is set", () => {
  const document = `{"a":"\${aws:iot:s3-presigned-url:https:\\/\\/s3.amazonaws.com\\/fw\\/1}","b":["\${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/2}"]}`;
  const { roleArn } = config.presignedUrlConfig;
  expect(documentToSend({ document, config: { presignedUrlConfig: { roleArn } } }, presign)).toBe(
    '{"a":"<fw 1 newest 3600>","b":["<fw 2 newest 3600>"]}',
  );
});

test.each([
  ["is not JSON", "{'a':1}"],
  ["32769 characters", JSON.stringify("x".repeat(32_767))],
  ["not terminated", '{"a":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/a"}'],
  ["the URL of an object", '{"a":"${aws:iot:s3-presigned-url:https://example.com/fw/a}"}'],
  ["the URL of an object", '{"a":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw}"}'],
  ["the URL of an object", '{"a":"${aws:iot:s3-presigned-url:s3://fw/a}"}'],
  ["the URL of an object", '{"a":"${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/fw/%E0%A4%A}"}'],
  ["s3-presigned-url-upload", '{"a":"${aws:iot:s3-presigned-url-upload:https://s3.amazonaws.com/fw/a}"}'],
  ["does not support", '{"a":"${aws:iot:package:p:version:1:attributes[x]}"}'],
])("%s is said of %s", (named, document) => {
  expect(() => checkDocument(document)).toThrow(
    expect.objectContaining({ code: "InvalidRequestException", message: expect.stringContaining(named) }),
  );
});

test("a document with a placeholder needs a role, because AWS presigns with it", () => {
  const document = '{"a":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/fw/a}"}';
  expect(() => checkRole(document, {})).toThrow("presignedUrlConfig.roleArn is required");
  checkRole(document, config);
  checkRole("[1]", {});
});
