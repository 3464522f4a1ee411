import { expect, test } from "vitest";
import { type ModuleTable, moduleLoader } from "./module-loader.js";

const FILES = { "first.mjs": "main.cjs", "second.mjs": "main.cjs", "later.mjs": "more.cjs" };

/** Returns a loader of these tables, and the list that it extends with each file that it loads. */
function loaderOf(tables: Readonly<Record<string, ModuleTable>>) {
  const loaded: string[] = [];
  const loadTable = (file: string) => {
    loaded.push(file);
    return tables[file] ?? expect.unreachable(file);
  };
  return { load: moduleLoader(FILES, loadTable, (specifier) => `other ${specifier}`), loaded };
}

test("a module runs once, and its file is loaded once, when the module is needed", () => {
  let runs = 0;
  const { load, loaded } = loaderOf({
    "main.cjs": {
      "first.mjs": (_exports, load, made) => {
        made.exports = { runs: ++runs, later: () => load("./later.mjs") };
      },
    },
    "more.cjs": {
      "later.mjs": (_exports, _require, made) => {
        made.exports = "later";
      },
    },
  });
  const first = load("./first.mjs") as { runs: number; later: () => unknown };
  expect(load("./first.mjs")).toBe(first);
  expect(first.runs).toBe(1);
  expect(loaded).toEqual(["main.cjs"]);
  expect([first.later(), first.later()]).toEqual(["later", "later"]);
  expect(loaded).toEqual(["main.cjs", "more.cjs"]);
});

test("modules that import each other get the exports made so far, as in CommonJS", () => {
  const { load } = loaderOf({
    "main.cjs": {
      "first.mjs": (exports, load) => {
        const second = load("./second.mjs") as { first: unknown };
        Object.assign(exports as object, { isSame: second.first === exports });
      },
      "second.mjs": (exports, load) => Object.assign(exports as object, { first: load("./first.mjs") }),
    },
  });
  expect(load("./first.mjs")).toEqual({ isSame: true });
});

test("what is not in the bundle comes from elsewhere", () => {
  expect(loaderOf({}).load("node:fs")).toBe("other node:fs");
});
