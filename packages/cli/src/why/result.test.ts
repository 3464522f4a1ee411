import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { WHY_CAUSES } from "./result.js";

const manual = readFileSync(new URL("../../../../docs/operations.md", import.meta.url), "utf8");

test("docs/operations.md has all causes, and no others", () => {
  const [, section = ""] = manual.split("\n## why\n");
  const [own = ""] = section.split("\n## ");
  const listed = [...own.matchAll(/^\| `([a-z-]+)` /gm)].map(([, cause]) => cause);
  expect(listed.sort()).toEqual([...WHY_CAUSES].sort());
});
