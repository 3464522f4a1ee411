import { expect, test } from "vitest";
import { formatRequest, logged, type RequestRecord } from "./request-log.js";

const about = { service: "IoT", operation: "DescribeJob", host: "127.0.0.1:4566", attempt: 2 };

async function recordOf(send: () => Promise<unknown>): Promise<RequestRecord | undefined> {
  const records: RequestRecord[] = [];
  await logged(
    (record) => records.push(record),
    about,
    send,
    () => ({ status: 200, requestId: "r-1" }),
  ).catch(() => undefined);
  return records[0];
}

test("an answer is recorded with its status and request id", async () => {
  expect(await recordOf(async () => "ok")).toMatchObject({ ...about, status: 200, requestId: "r-1" });
});

test("a refusal is recorded with AWS's name of it, and thrown", async () => {
  const $metadata = { httpStatusCode: 404, requestId: "r-2" };
  const refusal = Object.assign(new Error("no"), { name: "ResourceNotFoundException", $metadata });
  expect(await recordOf(() => Promise.reject(refusal))).toMatchObject({
    status: 404,
    requestId: "r-2",
    error: "ResourceNotFoundException",
  });
  await expect(
    logged(
      () => {},
      about,
      () => Promise.reject(refusal),
    ),
  ).rejects.toBe(refusal);
});

test("a request without an answer is recorded with the code of Node's error", async () => {
  const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  const error = new Error("the URL cannot be fetched", { cause });
  expect(await recordOf(() => Promise.reject(error))).toMatchObject({
    status: undefined,
    error: "ECONNREFUSED",
  });
});

test.each([
  [
    { status: 200, requestId: "r-1" },
    "IoT DescribeJob at 127.0.0.1:4566: 200 in 12 ms, attempt 2, request r-1",
  ],
  [{ status: 404, error: "NotFound" }, "IoT DescribeJob at 127.0.0.1:4566: 404 NotFound in 12 ms, attempt 2"],
  [{ error: "ECONNREFUSED", attempt: undefined }, "IoT DescribeJob at 127.0.0.1:4566: ECONNREFUSED in 12 ms"],
  [{ host: undefined, attempt: undefined }, "IoT DescribeJob: done in 12 ms"],
])("a record is one line: %j", (more, line) => {
  expect(formatRequest({ ...about, durationMs: 12, ...more })).toBe(line);
});
