import { expect, test } from "vitest";
import { compareVersions } from "./version.js";

test("versions are ordered as semver orders them", () => {
  const ascending = [
    "0.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0",
    "v1.0.1",
    "1.2",
    "1.10.0",
    "2",
  ];
  for (const [i, lower] of ascending.entries()) {
    for (const higher of ascending.slice(i + 1)) {
      expect(compareVersions(lower, higher), `${lower} < ${higher}`).toBeLessThan(0);
      expect(compareVersions(higher, lower), `${higher} > ${lower}`).toBeGreaterThan(0);
    }
  }
});

test.each([
  ["9007199254740992", "9007199254740993"],
  ["1.9007199254740992", "1.9007199254740993"],
  ["1.0-9007199254740992", "1.0-9007199254740993"],
  ["1.0-rc.99999999999999999999", "1.0-rc.100000000000000000000"],
  ["9".repeat(63), `1${"0".repeat(63)}`],
])("numbers of any length are compared by value: %s < %s", (lower, higher) => {
  expect(compareVersions(lower, higher)).toBeLessThan(0);
  expect(compareVersions(higher, lower)).toBeGreaterThan(0);
});

test.each([
  ["1.02", "1.2"],
  ["00000000000000000000001", "1"],
  ["1.0-rc.01", "1.0-rc.1"],
])("leading zeros do not count: %s = %s", (a, b) => {
  expect(compareVersions(a, b)).toBe(0);
  expect(compareVersions(b, a)).toBe(0);
});

test("missing numbers are zero, and build metadata does not count", () => {
  expect(compareVersions("1.2", "1.2.0+build.7")).toBe(0);
});

test("what is no version is not ordered", () => {
  for (const text of ["", "latest", "1..2", "1.2.", "-1", "1.0 ", "1".repeat(65)]) {
    expect(compareVersions(text, "1.0.0")).toBeUndefined();
  }
});
