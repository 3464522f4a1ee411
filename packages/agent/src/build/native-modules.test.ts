import { expect, test } from "vitest";
import { packageOf } from "./native-modules.js";

test.each([
  ["/app/node_modules/usb/dist/index.js", "usb"],
  ["/app/node_modules/a/node_modules/@acme/usb/index.js", "@acme/usb"],
  ["C:\\app\\node_modules\\@acme\\usb\\index.js", "@acme/usb"],
  ["/app/src/usb.ts", undefined],
])("the package of %s is %s", (path, name) => {
  expect(packageOf(path)).toBe(name);
});
