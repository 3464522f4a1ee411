import { expect, test } from "vitest";
import { parseVersionRange } from "./version-range.js";

test.each([
  ["<2.0", ["1.9.9", "2.0.0-rc.1", "1.10"], ["2.0", "2.0.0", "2.0.1", "10.0"]],
  ["<=2.0", ["2.0", "2.0.0", "v2", "1.9"], ["2.0.1", "10"]],
  [">1.4", ["1.4.1", "1.10", "2"], ["1.4", "1.4.0", "1.3.9", "1.4.0-rc.1"]],
  [">=1.4", ["1.4", "1.4.0", "1.10"], ["1.3.99", "1.4.0-rc.1"]],
  ["2.x", ["2.0", "2.9.1", "2", "v2.1", "2.1-rc.1"], ["1.2", "20.1", "3.2"]],
  ["2.1.x", ["2.1", "2.1.7", "2.01.7"], ["2.10", "2.2", "2"]],
  ["1.4.0", ["1.4.0", "1.4", "v1.4.0", "1.4.0+build7"], ["1.4.1", "1.4.0-rc.1"]],
  ["=1.4", ["1.4.0"], ["1.4.1"]],
  [">=1.4 <2.0", ["1.4", "1.99"], ["1.3", "2.0"]],
  [">= 1.4, < 2.0", ["1.4", "1.99"], ["1.3", "2.0"]],
  ["nightly-7", ["nightly-7"], ["nightly-8", "7"]],
])("%s", (range, inside, outside) => {
  const matches = parseVersionRange(range);
  expect(inside.filter((version) => !matches(version))).toEqual([]);
  expect(outside.filter(matches)).toEqual([]);
  expect(matches(undefined)).toBe(false);
});

test("a text that is not a version is above and below nothing", () => {
  expect(parseVersionRange("<2.0")("nightly-7")).toBe(false);
  expect(parseVersionRange(">2.0")("nightly-7")).toBe(false);
  expect(parseVersionRange("2.x")("2.x")).toBe(false);
});

test.each(["", "  ", "<", ">=", "<x", "<2.x", "=", "<nightly", "2.0<", "^1.2", "~1.4", "!=2.0", "1.x||2.x"])(
  "%j is refused with examples",
  (text) => {
    expect(() => parseVersionRange(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
  },
);
