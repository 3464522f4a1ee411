import { expect, test } from "vitest";
import { parseHostBucket } from "./request.js";

test.each([
  ["firmware.localhost:4566", "firmware"],
  ["firmware.localhost", "firmware"],
  ["fw.v2.localhost:4566", "fw.v2"],
  ["firmware.s3.eu-west-1.amazonaws.com", "firmware"],
  ["firmware.s3.amazonaws.com", "firmware"],
  ["firmware.s3-eu-west-1.amazonaws.com", "firmware"],
  ["firmware.s3.localhost:4566", "firmware"],
  ["s3.localhost:4566", undefined],
  ["s3.eu-west-1.amazonaws.com", undefined],
  ["localhost:4566", undefined],
  ["127.0.0.1:4566", undefined],
  ["[::1]:4566", undefined],
  ["fota-local:4566", undefined],
])("the bucket in the host %s is %s", (host, bucket) => {
  expect(parseHostBucket(host)).toBe(bucket);
});
