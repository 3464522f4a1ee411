import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
// @ts-expect-error: a script without types
import { changelogSection, nextVersion, parseChange } from "./changes.mjs";

const change = (bump: string, area = "devices") => ({ bump, area, change: "something" });

test.each([
  ["1.2.3", ["patch"], "1.2.4"],
  ["1.2.3", ["patch", "minor"], "1.3.0"],
  ["1.2.3", ["major", "minor"], "2.0.0"],
  ["0.1.0", ["major"], "0.2.0"],
  ["0.1.9", ["patch"], "0.1.10"],
])("after %s, changes of %j are %s", (version, bumps, next) => {
  expect(
    nextVersion(
      version,
      bumps.map((bump) => change(bump)),
    ),
  ).toBe(next);
});

test("the changelog has the areas in their order, breaking changes marked, long lines wrapped", () => {
  const long = "word ".repeat(40).trim();
  const changes = [change("major"), { ...change("patch", "command line"), change: long }];
  const section: string = changelogSection("1.0.0", "2026-12-01", changes);
  expect(section.split("\n").slice(0, 3)).toEqual(["## 1.0.0 - 2026-12-01", "", "### Command line"]);
  expect(section).toContain("### Devices\n\n- **Breaking:** something\n");
  expect(Math.max(...section.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
});

test.each([
  ["no head", "text"],
  ["a wrong bump", "---\nbump: huge\narea: devices\n---\ntext"],
  ["a wrong area", "---\nbump: minor\narea: kitchen\n---\ntext"],
  ["no text", "---\nbump: minor\narea: devices\n---\n\n"],
])("a changeset with %s is refused by its name", (_what, text) => {
  expect(() => parseChange("x.md", text)).toThrow(/^x\.md: /);
});

test("every changeset of this repository can be read", () => {
  const names = readdirSync(".changeset").filter((name) => name.endsWith(".md") && name !== "README.md");
  for (const name of names) parseChange(name, readFileSync(`.changeset/${name}`, "utf8"));
});
