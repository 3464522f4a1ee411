import { expect, test } from "vitest";
import { connectionsWithin } from "./open-files.js";

test.each([
  [1024, 924],
  [64, 1],
])("with %j open files, a port holds %j connections", (openFiles, expected) => {
  expect(connectionsWithin(openFiles)).toBe(expected);
});
