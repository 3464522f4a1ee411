import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inputsDigest, isUpToDate, writeStamp } from "./build-stamp.mjs";

const MADE = ["packages/cli/dist/fota.cjs", "packages/cli/dist/main.cjs"];
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fota-stamp-"));
  for (const file of ["package.json", "pnpm-lock.yaml", "tsconfig.json", "tsconfig.base.json"])
    put(file, "{}");
  put("packages/cli/src/bin.ts", "run();");
  put("packages/cli/src/status/run.ts", "status();");
  put("scripts/build.mjs", "build();");
  for (const path of MADE) put(path, "made");
  writeStamp(root, inputsDigest(root), MADE);
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test.each<[string, () => void]>([
  ["nothing", () => {}],
  ["the time of a file", () => put("packages/cli/src/bin.ts", "run();")],
  ["a test", () => put("packages/cli/src/bin.test.ts", "test();")],
  ["an end-to-end test", () => put("packages/cli/test/bin.e2e.test.ts", "test();")],
  ["a page", () => put("docs/local.md", "text")],
])("a build is up to date after a change of %s", (_what, change) => {
  change();
  expect(isUpToDate(root, inputsDigest(root))).toBe(true);
});

test.each<[string, () => void]>([
  ["a source", () => put("packages/cli/src/bin.ts", "run(1);")],
  ["a new source", () => put("packages/cli/src/commands/why.ts", "why();")],
  ["a source that is gone", () => rmSync(join(root, "packages/cli/src/status/run.ts"))],
  [
    "bytes that move to the next file",
    () => {
      put("packages/cli/src/bin.ts", "run()");
      put("packages/cli/src/status/run.ts", ";status();");
    },
  ],
  ["a script", () => put("scripts/build.mjs", "build(1);")],
  ["the lockfile", () => put("pnpm-lock.yaml", "{ }")],
  ["a bundle", () => put("packages/cli/dist/fota.cjs", "edited")],
  ["a bundle that is gone", () => rmSync(join(root, "packages/cli/dist/main.cjs"))],
  ["the stamp, which is gone", () => rmSync(join(root, "node_modules/.fota-built"))],
])("a build is out of date after a change of %s", (_what, change) => {
  change();
  expect(isUpToDate(root, inputsDigest(root))).toBe(false);
});

test("a change during a build makes it out of date", () => {
  const before = inputsDigest(root);
  put("packages/cli/src/bin.ts", "run(2);");
  writeStamp(root, before, MADE);
  expect(isUpToDate(root, inputsDigest(root))).toBe(false);
});
