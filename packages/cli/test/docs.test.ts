import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { anchorOf } from "./manual.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const DOCS = join(ROOT, "docs");
const PAGES = [
  ...readdirSync(DOCS)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(DOCS, name)),
  ...["README.md", "SECURITY.md", "CONTRIBUTING.md"].map((name) => join(ROOT, name)),
];

test("docs/README.md names each page of docs", () => {
  const index = readFileSync(join(DOCS, "README.md"), "utf8");
  const pages = readdirSync(DOCS).filter((name) => name.endsWith(".md") && name !== "README.md");
  expect(pages.filter((name) => !index.includes(`](${name})`))).toEqual([]);
});

test("the table of commands in README.md has each command", () => {
  const commands = [...readFileSync(join(DOCS, "cli.md"), "utf8").matchAll(/^## fota ([a-z]+)/gm)];
  expect(commands.length).toBeGreaterThan(20);
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const table = readme.slice(readme.indexOf("## Commands"), readme.indexOf("## In a device"));
  const named = new Set(table.match(/`(?:fota )?[a-z]+/g)?.map((text) => text.replace(/^`(fota )?/, "")));
  expect(commands.map(([, name = ""]) => name).filter((name) => !named.has(name))).toEqual([]);
});

test.each(PAGES.map((page) => relative(ROOT, page)))(
  "each link of %s leads to a file and a heading",
  (name) => {
    const page = join(ROOT, name);
    const broken = linksOf(page).filter((link) => !leadsSomewhere(page, link));
    expect(broken).toEqual([]);
  },
);

test("each package refuses the releases of Node.js where require does not load an ES module", () => {
  const folders = ["", "packages/shared", "packages/agent", "packages/cli", "packages/local"];
  for (const folder of folders) {
    const { engines } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
    // Node.js, documentation of modules: loading ES modules by require, from 20.19.0 and 22.12.0 on.
    expect(engines, folder).toEqual({ node: "^20.19.0 || >=22.12.0" });
  }
});

function linksOf(page: string): string[] {
  const prose = withoutCode(readFileSync(page, "utf8")).replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) =>
    /^[a-z]+:/.test(link) ? [] : [link],
  );
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const file = path === "" ? page : resolve(dirname(page), path);
  if (!existsSync(file)) return false;
  if (anchor === undefined || statSync(file).isDirectory()) return true;
  const headings = withoutCode(readFileSync(file, "utf8")).matchAll(/^#+ (.+)$/gm);
  return [...headings].some(([, title = ""]) => anchorOf(title) === anchor);
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```/gm, "");
}
