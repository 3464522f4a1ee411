import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EXIT_MEANINGS } from "../src/exit-code.js";
import { RESULTS } from "../src/results.js";
import { anchorOf, manual } from "./manual.js";
import { troubleshooting } from "./troubleshooting.js";

const pathOf = (page: string) => fileURLToPath(new URL(`../../../docs/${page}`, import.meta.url));

test("docs/cli.md is what the commands, results, exit codes and error codes say", async () => {
  const text = manual();
  for (const meaning of Object.values(EXIT_MEANINGS)) expect(text).toContain(meaning);
  await expect(text).toMatchFileSnapshot(pathOf("cli.md"));
});

test("each result belongs to a command that there is", () => {
  for (const { command } of RESULTS) expect(manual()).toContain(`\n\`fota ${command} --json\` prints\n`);
});

test("the table of contents of docs/cli.md names each command and leads to its section", () => {
  const links = [...manual().matchAll(/\[[^\]]+\]\(#([a-z-]+)\)/g)].map(([, anchor]) => anchor);
  const sections = [...manual().matchAll(/^## (.+)$/gm)].map(([, title = ""]) => anchorOf(title));
  expect(links).toEqual(sections);
});

test("docs/troubleshooting.md is what the causes and error codes say", async () => {
  await expect(troubleshooting()).toMatchFileSnapshot(pathOf("troubleshooting.md"));
});
