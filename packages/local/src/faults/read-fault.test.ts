import { expect, test } from "vitest";
import { readFault } from "./read-fault.js";

test.each([
  { kind: "expireUrl" },
  { kind: "answerError", status: 503, times: 2, bucket: "firmware", key: "app.bin", method: "GET" },
  { kind: "answerError", status: 500, service: "iot", method: "PUT", path: "/jobs/fw-2" },
  { kind: "ignoreRange", times: 1 },
  { kind: "cutTransfer", atByte: 0 },
  { kind: "stallTransfer", atByte: 1, method: "PUT" },
  { kind: "flipByte", atByte: 65_536 },
  { kind: "slowTransfer", bytesPerSecond: 1000 },
  { kind: "dropMessage", topic: "$aws/things/+/jobs/#", direction: "fromClient", clientId: "t1" },
  { kind: "delayMessage", topic: "#", delayMs: 100 },
  { kind: "doubleMessage", topic: "a/b", direction: "toClient" },
  { kind: "disconnectClient", topic: "a", times: 1 },
])("$kind is taken with its members", (fault) => {
  expect(readFault(fault)).toEqual(fault);
});

test("members that are undefined count as left out", () => {
  expect(readFault({ kind: "expireUrl", bucket: undefined })).toEqual({ kind: "expireUrl" });
});

test.each([
  { fault: undefined, message: "a fault is an object with a kind" },
  { fault: [], message: "a fault is an object with a kind" },
  { fault: {}, message: /^kind must be one of expireUrl, .*; it is left out$/ },
  { fault: { kind: "toString" }, message: /; it is "toString"$/ },
  {
    fault: { kind: "cutTransfer" },
    message: "atByte of cutTransfer must be a whole number, 0 or more; it is left out",
  },
  {
    fault: { kind: "cutTransfer", atByte: "9" },
    message: 'atByte of cutTransfer must be a whole number, 0 or more; it is "9"',
  },
  { fault: { kind: "flipByte", atByte: 1.5 }, message: /it is 1.5$/ },
  {
    fault: { kind: "expireUrl", times: 0 },
    message: "times of expireUrl must be a whole number, 1 or more; it is 0",
  },
  {
    fault: { kind: "expireUrl", time: 1 },
    message: "expireUrl has no time; it takes times, bucket, key",
  },
  { fault: { kind: "answerError", status: 404 }, message: /must be one of 403, 500, 503; it is 404$/ },
  { fault: { kind: "dropMessage", topic: "a/#/b" }, message: /^topic of dropMessage must be a topic filter/ },
  {
    fault: { kind: "dropMessage", topic: "a", direction: "up" },
    message: /must be one of fromClient, toClient/,
  },
  {
    fault: { kind: "slowTransfer", bytesPerSecond: 1, method: "POST" },
    message: 'method of slowTransfer must be one of GET, PUT; it is "POST"',
  },
  {
    fault: { kind: "answerError", status: 500, service: "iot", bucket: "b" },
    message: "iot has no bucket and key, but path",
  },
  {
    fault: { kind: "answerError", status: 500, path: "/jobs" },
    message: "path is of the iot services; s3 has bucket and key",
  },
])("$fault is refused in words", ({ fault, message }) => {
  let thrown: unknown;
  try {
    readFault(fault);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ name: "FotaError", code: "FAULT_INVALID" });
  expect((thrown as Error).message).toMatch(message);
});
