import { expect, test } from "vitest";
import { missingPermissions } from "./policy.js";

const ARN = "arn:aws:iot:eu-west-1:123456789012";
const THING = "${iot:Connection.Thing.ThingName}";
const allow = (Action: string | string[], Resource: string | string[], more = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
const missing = (...Statement: object[]) =>
  missingPermissions([{ name: "p", document: JSON.stringify({ Statement }) }], "a:pump-7", "job-1");

const WHOLE = [
  allow("iot:Connect", `${ARN}:client/${THING}`),
  allow("iot:Publish", [
    `${ARN}:topic/$aws/things/${THING}/jobs/get`,
    `${ARN}:topic/$aws/things/${THING}/jobs/*/update`,
  ]),
  allow("iot:Receive", `${ARN}:topic/$aws/things/${THING}/jobs/*`),
];

test("the policy of the device guide, and one that lets everything, lack nothing", () => {
  expect(missing(...WHOLE)).toEqual([]);
  expect(missing(allow("iot:*", "*"))).toEqual([]);
  expect(missing(allow("*", [`${ARN}:client/*`, `${ARN}:topic/*`]))).toEqual([]);
});

test("what is missing is named with its topic", () => {
  expect(missing(...WHOLE.slice(1))).toEqual(["iot:Connect"]);
  expect(missing(WHOLE[0] ?? {}, WHOLE[2] ?? {})).toEqual([
    "iot:Publish on $aws/things/a:pump-7/jobs/get or $next/get",
    "iot:Publish on $aws/things/a:pump-7/jobs/job-1/update",
  ]);
  expect(
    missing(allow(["iot:Connect", "iot:Publish", "iot:Receive"], `${ARN}:topic/telemetry/*`)),
  ).toHaveLength(3);
});

test("a denial wins; one with a condition is not held against the device", () => {
  const deny = { Effect: "Deny", Action: "iot:Publish", Resource: `${ARN}:topic/$aws/*` };
  expect(missing(...WHOLE, deny)).toHaveLength(2);
  expect(missing(...WHOLE, { ...deny, Condition: { Bool: {} } })).toEqual([]);
});

test("another thing's topics are none, a variable that cannot be known is anything", () => {
  const other = allow("iot:*", `${ARN}:topic/$aws/things/pump-8/jobs/*`);
  expect(missing(allow("iot:Connect", "*"), other)).toHaveLength(3);
  const variable = allow("iot:*", `${ARN}:topic/$aws/things/\${iot:Certificate.Subject.CommonName}/jobs/*`);
  expect(missing(allow("iot:Connect", "*"), variable)).toEqual([]);
});

test("a policy that cannot be read allows nothing", () => {
  expect(missingPermissions([{ name: "p", document: "{" }], "t", "j")).toHaveLength(4);
});
