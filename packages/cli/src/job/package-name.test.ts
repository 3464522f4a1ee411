import { expect, test } from "vitest";
import { checkPackageName, formatPackageVersion, packageVersionOf } from "./package-name.js";

test("a publish with a package needs a version that can be the name of a package version", () => {
  expect(packageVersionOf({ packageName: undefined, fwVersion: undefined })).toBeUndefined();
  const id = { packageName: "fw", versionName: "1.4.0-rc.1" };
  expect(packageVersionOf({ packageName: "fw", fwVersion: "1.4.0-rc.1" })).toEqual(id);
  for (const fwVersion of [undefined, "1.4.0+b7", "1".repeat(65)])
    expect(() => packageVersionOf({ packageName: "fw", fwVersion })).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
});

test("a package name has what AWS IoT allows", () => {
  for (const name of ["fw", "a.b_c-1", "x".repeat(128)]) expect(checkPackageName(name)).toBe(name);
  for (const name of ["", "a/b", "x".repeat(129), "$null"])
    expect(() => checkPackageName(name)).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test.each([
  ["arn:aws:iot:eu-west-1:123456789012:package/fw/version/1.4.0", "fw 1.4.0"],
  ["arn:aws:iot:eu-west-1:123456789012:package/fw/version/$null", "fw, which it uninstalls"],
  ["something else", "something else"],
])("%s is shown as %s", (arn, text) => {
  expect(formatPackageVersion(arn)).toBe(text);
});
