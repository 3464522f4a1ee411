import { expect, test } from "vitest";
import { versionIn } from "./firmware-version.js";

test.each([
  ["1.4.0\n", "1.4.0"],
  ["  1.4.0  \nbuilt today\n", "1.4.0"],
  ['ID=gateway\nVERSION_ID="2.1"\nNAME=x\n', "2.1"],
  ["VERSION_ID=2.2-rc.1\n", "2.2-rc.1"],
  ["", undefined],
  ["\n1.0\n", undefined],
])("the version in %j is %s", (text, version) => {
  expect(versionIn(text)).toBe(version);
});
