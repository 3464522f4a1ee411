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

test("undefined members count as missing", () => {
  expect(readFault({ kind: "expireUrl", bucket: undefined })).toEqual({ kind: "expireUrl" });
});

test.each([
  { fault: undefined, message: "a fault must be an object with a kind" },
  { fault: [], message: "a fault must be an object with a kind" },
  { fault: {}, message: /^kind must be one of expireUrl, .*; it is missing$/ },
  { fault: { kind: "toString" }, message: /; it is "toString"$/ },
  {
    fault: { kind: "cutTransfer" },
    message: "atByte of cutTransfer must be a whole number, 0 or more; it is missing",
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
    message: "expireUrl has no member time, only times, bucket, key",
  },
  { fault: { kind: "answerError", status: 404 }, message: /must be one of 403, 500, 503; it is 404$/ },
  {
    fault: { kind: "dropMessage", topic: "a/#/b" },
    message: /^topic of dropMessage must be an MQTT topic filter/,
  },
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
    message: "bucket and key are for s3; use path for iot",
  },
  {
    fault: { kind: "answerError", status: 500, path: "/jobs" },
    message: "path is for the iot services; use bucket and key for s3",
  },
])("$fault is refused with the reason", ({ fault, message }) => {
  let thrown: unknown;
  try {
    readFault(fault);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ name: "FotaError", code: "FAULT_INVALID" });
  expect((thrown as Error).message).toMatch(message);
});
