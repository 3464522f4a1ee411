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

test("missing numbers are zero, and build metadata does not count", () => {
  expect(compareVersions("1.2", "1.2.0+build.7")).toBe(0);
});

test("what is no version is not ordered", () => {
  for (const text of ["", "latest", "1..2", "1.2.", "-1", "1.0 ", "1".repeat(65)]) {
    expect(compareVersions(text, "1.0.0")).toBeUndefined();
  }
});
