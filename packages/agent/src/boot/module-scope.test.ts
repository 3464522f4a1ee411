import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isolateModules } from "./module-scope.js";

let project: string;
let dir: string;
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "fota-scope-"));
  dir = join(project, "flash");
  await mkdir(dir);
});
afterEach(async () => await rm(project, { recursive: true }));

test.each([
  ["an ES module", 'import { sep } from "node:path"; console.log(sep, await 1);'],
  ["a CommonJS module", 'const { sep } = require("node:path"); console.log(sep, 1);'],
])("%s runs from a slot, whatever the package.json of a folder above says", async (_what, code) => {
  const slot = join(dir, "slot-0");
  await writeFile(slot, code);
  await isolateModules(dir);
  for (const type of ["commonjs", "module"]) {
    await writeFile(join(project, "package.json"), JSON.stringify({ type }));
    expect(execFileSync(process.execPath, [slot], { encoding: "utf8" })).toBe("/ 1\n");
  }
});

test("a package.json in the folder is kept, unless Node.js could not read it", async () => {
  const path = join(dir, "package.json");
  await writeFile(path, '{"type":"module"}');
  await isolateModules(dir);
  expect(await readFile(path, "utf8")).toBe('{"type":"module"}');
  await writeFile(path, "\0\0");
  await isolateModules(dir);
  expect(await readFile(path, "utf8")).toBe("{}\n");
});

test("a folder that cannot be written does not keep the device from booting", async () => {
  await isolateModules(join(dir, "slot-0")); // a file, or nothing: no user can create a file below it
});
