import { expect, test } from "vitest";
import { checkRegions, expandTargetFiles, parseTargets } from "./targets.js";

const THING_ARN = "arn:aws:iot:eu-west-1:123456789012:thing/pump:7";
const GROUP_ARN = "arn:aws-cn:iot:cn-north-1:123456789012:thinggroup/beta";

test.each([
  ["pump-7", { kind: "thing", name: "pump-7" }],
  ["site:a:pump_7", { kind: "thing", name: "site:a:pump_7" }],
  ["groups:7", { kind: "thing", name: "groups:7" }],
  ["group:beta", { kind: "group", name: "beta" }],
  ["group:eu:beta", { kind: "group", name: "eu:beta" }],
  [THING_ARN, { kind: "thing", name: "pump:7", arn: THING_ARN }],
  [GROUP_ARN, { kind: "group", name: "beta", arn: GROUP_ARN }],
])("%s", (text, target) => {
  expect(parseTargets([text], 100)).toEqual([{ ...target, text }]);
});

test("a query is a dynamic group, whose name depends on the query alone", () => {
  const [target, again, other] = parseTargets(
    [
      "query:attributes.model:m1 AND attributes.site:lab",
      "query: attributes.model:m1 AND attributes.site:lab ",
      "query:*",
    ],
    100,
  );
  expect(target).toMatchObject({
    kind: "group",
    name: expect.stringMatching(/^fota-query-[0-9a-f]{16}$/),
    query: "attributes.model:m1 AND attributes.site:lab",
  });
  expect(again).toMatchObject({ name: target?.name, query: target?.query });
  expect(other?.name).not.toBe(target?.name);
});

test.each([
  "",
  "query:",
  "query:  ",
  "query:attributes.model:m1 AND connectivity.connected:true",
  "query:NOT (connectivity.connected:false)",
  "group:",
  "pump 7",
  "pump/7",
  "p".repeat(129),
  "arn:aws:iot:eu-west-1:123456789012:job/x",
  "arn:aws:s3:::bucket",
  "arn:aws:iot:eu-west-1:123456789012:thing/a b",
])("%j is no target", (text) => {
  expect(() => parseTargets([text], 100)).toThrow(expect.objectContaining({ code: "TARGET_INVALID" }));
});

test("a target that is named twice counts once", () => {
  expect(parseTargets(["a", "b", "a"], 100).map(({ name }) => name)).toEqual(["a", "b"]);
});

test("an ARN of another region is reported with the region to give", () => {
  const targets = parseTargets([THING_ARN, "pump-8"], 100);
  expect(() => checkRegions(targets, "eu-west-1")).not.toThrow();
  expect(() => checkRegions(targets, "us-east-1")).toThrow(
    expect.objectContaining({ code: "TARGET_INVALID", hint: "give --region eu-west-1" }),
  );
});

test.each(["@", "@ "])("%j is no file, and not the working folder", async (text) => {
  await expect(expandTargetFiles([text], "/")).rejects.toMatchObject({
    code: "TARGET_INVALID",
    message: "@ must be followed by the name of a file of targets",
  });
});
