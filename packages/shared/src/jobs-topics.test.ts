import { expect, test } from "vitest";
import {
  type JobsRequest,
  matchJobsTopic,
  notifyNextTopic,
  notifyTopic,
  requestTopic,
} from "./jobs-topics.js";

const REQUESTS: [string, JobsRequest][] = [
  ["$aws/things/pump:7/jobs/get", { operation: "getPending" }],
  ["$aws/things/pump:7/jobs/start-next", { operation: "startNext" }],
  ["$aws/things/pump:7/jobs/fw-1/get", { operation: "describe", jobId: "fw-1" }],
  ["$aws/things/pump:7/jobs/$next/get", { operation: "describe", jobId: "$next" }],
  ["$aws/things/pump:7/jobs/fw-1/update", { operation: "update", jobId: "fw-1" }],
];

test.each(REQUESTS)("%s is written and read back", (topic, request) => {
  expect(requestTopic("pump:7", request)).toBe(topic);
  expect(matchJobsTopic(topic)).toEqual({ thingName: "pump:7", request });
});

test("notifications have their own topics", () => {
  expect(notifyTopic("pump:7")).toBe("$aws/things/pump:7/jobs/notify");
  expect(notifyNextTopic("pump:7")).toBe("$aws/things/pump:7/jobs/notify-next");
});

test.each(["notify", "get/accepted", "fw-1/get/accepted", "fw-1/delete", "", "fw-1/get/"])(
  "jobs/%s is in the namespace, but no request",
  (rest) => {
    expect(matchJobsTopic(`$aws/things/pump:7/jobs/${rest}`)).toEqual({
      thingName: "pump:7",
      request: undefined,
    });
  },
);

test.each([
  "$aws/things/pump:7/shadow/get",
  "$aws/things//jobs/get",
  "aws/things/pump:7/jobs/get",
  "jobs/get",
])("%s is not of Jobs", (topic) => {
  expect(matchJobsTopic(topic)).toBeUndefined();
});
