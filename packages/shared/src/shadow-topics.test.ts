import { expect, test } from "vitest";
import { matchShadowTopic, shadowTopic } from "./shadow-topics.js";

const classic = { thingName: "pump:7" };
const named = { thingName: "pump:7", shadowName: "fota" };

test.each([
  { topic: "$aws/things/pump:7/shadow/get", id: classic, operation: "get" },
  { topic: "$aws/things/pump:7/shadow/update", id: classic, operation: "update" },
  { topic: "$aws/things/pump:7/shadow/delete", id: classic, operation: "delete" },
  { topic: "$aws/things/pump:7/shadow/name/fota/get", id: named, operation: "get" },
  { topic: "$aws/things/pump:7/shadow/name/fota/update", id: named, operation: "update" },
  { topic: "$aws/things/pump:7/shadow/name/fota/delete", id: named, operation: "delete" },
] as const)("$topic is the topic of $operation", ({ topic, id, operation }) => {
  expect(shadowTopic(id, operation)).toBe(topic);
  expect(matchShadowTopic(topic)).toEqual({ id, operation });
});

test.each([
  "$aws/things/pump:7/shadow",
  "$aws/things//shadow/get",
  "$aws/things/pump:7/shadow/get/accepted",
  "$aws/things/pump:7/shadow/update/delta",
  "$aws/things/pump:7/shadow/name/get",
  "$aws/things/pump:7/shadow/name//get",
  "$aws/things/pump:7/shadow/name/a/b/get",
  "$aws/things/pump:7/jobs/get",
  "things/pump:7/shadow/get",
])("%s is not the topic of a request", (topic) => {
  expect(matchShadowTopic(topic)).toBeUndefined();
});
