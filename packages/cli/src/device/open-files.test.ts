import { expect, test } from "vitest";
import { checkOpenFiles, neededFiles } from "./open-files.js";

test("a fleet needs an open file for each connection and lock, and three for each update at once", () => {
  expect(neededFiles({ devices: 2, locks: 2, updates: 32 })).toBe(110);
  expect(neededFiles({ devices: 10_000, locks: 1, updates: 64 })).toBe(10_293);
});

test("a limit that is too low is an error with the number that is needed, before anything starts", () => {
  const fleet = { devices: 10_000, locks: 1, updates: 64 };
  expect(() => checkOpenFiles(fleet, 10_292)).toThrow(
    expect.objectContaining({
      code: "USAGE",
      message: "10000 devices need 10293 open files, but this process may open 10292",
      hint: expect.stringContaining("`ulimit -n 10293`"),
    }),
  );
  expect(() => checkOpenFiles(fleet, 10_293)).not.toThrow();
  expect(() => checkOpenFiles(fleet, undefined)).not.toThrow();
});
