import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("check-layers.mjs", import.meta.url));
const LAYERS = [
  { what: "the base", rooms: ["base.ts"] },
  { what: "the middle", rooms: ["left", "right"] },
  { what: "the top", rooms: ["top"] },
];
const GOOD = {
  "base.ts": "export const base = 1;\n",
  "left/a.ts": 'import { base } from "../base.js";\nexport const a = base;\n',
  "right/b.ts": "export const b = 1;\n",
  "top/c.ts": 'import {\n  a,\n} from "../left/a.js";\nexport const c = [a, import("../right/b.js")];\n',
};
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fota-layers-"));
  put("docs/architecture.md", "# Plan\n\n<!-- layers of src -->\n<!-- end of layers -->\n\nMore.\n");
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** Lays out files and a table, writes the page, and checks. */
function check(files: Record<string, string>, upward: Record<string, number> = {}, layers = LAYERS) {
  for (const [path, text] of Object.entries(files)) put(`src/${path}`, text);
  put("scripts/layers.json", JSON.stringify({ src: { layers, upward } }));
  run("--write");
  return run();
}

function run(...args: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, root, ...args], { encoding: "utf8" });
  return { status, faults: stderr.split("\n").filter((line) => line !== "") };
}

test("imports that go down are fine, and tests may import what they like", () => {
  const files = { ...GOOD, "base.test.ts": 'import { c } from "./top/c.js";\n' };
  expect(check(files)).toEqual({ status: 0, faults: [] });
});

test.each([
  ["a static import", 'import { c } from "../top/c.js";'],
  ["an import of types alone", 'import type { C } from "../top/c.js";'],
  ["an import when it runs", 'const c = () => import("../top/c.js");'],
  ["an export from there", 'export { c } from "../top/c.js";'],
])("%s that goes up is reported with its line", (_what, statement) => {
  const { status, faults } = check({ ...GOOD, "left/a.ts": `// the first line\n\n${statement}\n` });
  expect(status).toBe(1);
  expect(faults).toEqual([
    "src/left/a.ts:3: left must not import top/c.ts, which is in a higher layer; move what both need to a lower room, or pass it in",
  ]);
});

test("rooms of one layer do not import each other", () => {
  const { faults } = check({ ...GOOD, "left/a.ts": 'import { b } from "../right/b.js";\n' });
  expect(faults).toEqual([expect.stringContaining("right/b.ts, which is in the same layer")]);
});

test("a room that is in no layer is reported, and one that is gone", () => {
  const files = { ...GOOD, "new/d.ts": "export const d = 1;\n" };
  const { status, faults } = check(files, {}, [...LAYERS, { what: "gone", rooms: ["old"] }]);
  expect(status).toBe(1);
  expect(faults).toEqual([
    expect.stringContaining("src/new: is in no layer; add it to scripts/layers.json"),
    expect.stringContaining("src/old does not exist; take it out"),
  ]);
});

test("imports from before are let through by their count, which may only shrink", () => {
  const files = { ...GOOD, "left/a.ts": 'import { c } from "../top/c.js";\n' };
  expect(check(files, { "left -> top": 1 }).faults).toEqual([]);
  expect(check(files, { "left -> top": 2 }).faults).toEqual([
    expect.stringContaining('has 1 imports "left -> top" and no longer 2: write 1'),
  ]);
  const second = { ...files, "left/e.ts": 'import { c } from "../top/c.js";\n' };
  expect(check(second, { "left -> top": 1 }).faults).toEqual([
    expect.stringContaining("knows of 1 from before, here are 2"),
    expect.stringContaining("src/left/e.ts:1"),
  ]);
});

test("a page that shows other layers is reported, and written with the highest layer on top", () => {
  check(GOOD);
  const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
  expect(page).toMatch(/^# Plan\n.*```\n 3 {2}top +the top\n 2 {2}left {2}right +the middle\n 1 {2}base /s);
  expect(page).toMatch(/```\n<!-- end of layers -->\n\nMore\.\n$/);
  put("docs/architecture.md", page.replace("the middle", "the muddle"));
  expect(run()).toEqual({
    status: 1,
    faults: [expect.stringContaining("docs/architecture.md: shows other layers")],
  });
  put("docs/architecture.md", "# Plan\n");
  expect(run().faults).toEqual([expect.stringContaining("does not show the layers of src")]);
});
