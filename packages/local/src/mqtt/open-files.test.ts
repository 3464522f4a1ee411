import { expect, test } from "vitest";
import { connectionsWithin } from "./open-files.js";

test.each([
  ["Max open files            1024                 4096                 files", 924],
  ["Max open files            64                   64                   files", 1],
  ["Max open files            unlimited            unlimited            files", undefined],
  ["", undefined],
])("by the limits %j, a port holds %j connections", (limits, expected) => {
  expect(connectionsWithin(`Limit Soft Limit Hard Limit Units\n${limits}\n`)).toBe(expected);
});
