import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readNodeLicense } from "./node-license.mjs";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fota-node-license-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["an archive of Node.js", "bin/node", "LICENSE"],
  ["its archive for Windows", "node.exe", "LICENSE"],
  ["a package of NodeSource", "bin/node", "share/doc/nodejs/LICENSE"],
  ["a package of Debian", "bin/node", "share/doc/nodejs/copyright"],
])("finds the license in %s", (_where, binary, license) => {
  mkdirSync(dirname(join(folder, license)), { recursive: true });
  writeFileSync(join(folder, license), "MIT\n");
  expect(readNodeLicense(join(folder, binary))).toBe("MIT");
});

test("an executable without the license of Node.js is not made", () => {
  expect(() => readNodeLicense(join(folder, "bin/node"))).toThrow("Node.js has no license file");
});

test("the Node.js of this machine has one", () => {
  expect(readNodeLicense()).toContain("Node.js");
});
