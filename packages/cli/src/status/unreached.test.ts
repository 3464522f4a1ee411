import { expect, test } from "vitest";
import { unreachedText } from "./unreached.js";

const ofThings = ["1", "2", "3"].map((name) => `arn:aws:iot:eu-west-1:123456789012:thing/pump-${name}`);
const ofGroup = ["arn:aws:iot:eu-west-1:123456789012:thinggroup/pumps"];

test.each([
  ["things", "CANCELED", ofThings, 1, /^canceled: at least 2 of 3 things never got it/],
  ["a group", "CANCELED", ofGroup, 541, /^canceled: things of its groups that it had not reached/],
] as const)(
  "a canceled job of %s tells of those that it never reached",
  (_what, status, arns, total, text) => {
    expect(unreachedText(status, arns, total)).toMatch(text);
  },
);

test.each([
  ["a job that reached all its things", "CANCELED", ofThings, 3],
  ["a job that reached no thing", "CANCELED", ofGroup, 0],
  ["a job in progress", "IN_PROGRESS", ofThings, 1],
  ["a job that ended by itself", "COMPLETED", ofGroup, 9],
] as const)("%s tells of none", (_what, status, arns, total) => {
  expect(unreachedText(status, arns, total)).toBeUndefined();
});
