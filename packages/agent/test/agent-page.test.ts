import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { agentReference } from "../../../scripts/agent-reference.js";
import { COMMANDS } from "../src/daemon/commands.js";
import { readConfig } from "../src/daemon/config/read.js";
import { docBlock } from "./doc-block.js";

const PAGE = join(import.meta.dirname, "../../../docs/agent.md");
const BEGIN = "<!-- keys of agent.json -->";
const END = "<!-- end of keys -->";

/** Removes what only the formatter decides: the width of columns. */
const plain = (table: string) => table.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---").trim();

test("docs/agent.md has each key and variable as the schema says (FOTA_WRITE=1 writes it)", () => {
  const page = readFileSync(PAGE, "utf8");
  const [before = "", rest = ""] = page.split(BEGIN);
  const [table = "", after = ""] = rest.split(END);
  if (process.env["FOTA_WRITE"]) {
    writeFileSync(PAGE, `${before}${BEGIN}\n\n${agentReference()}\n\n${END}${after}`);
    return;
  }
  expect(plain(table)).toBe(plain(agentReference()));
});

test("docs/agent.md names each command", () => {
  const page = readFileSync(PAGE, "utf8");
  for (const name of Object.keys(COMMANDS)) expect(page).toContain(`\`fota-agent ${name}`);
});

test("the configuration on the page is valid", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fota-page-"));
  const path = join(dir, "agent.json");
  await writeFile(path, await docBlock("agent.md", "json"));
  expect(await readConfig({ path, env: {}, cwd: dir })).toMatchObject({ slots: { type: "uboot" } });
  await rm(dir, { recursive: true });
});
