import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EXIT_MEANINGS } from "../src/exit-code.js";
import { RESULTS } from "../src/results.js";
import { manual } from "./manual.js";

const FILE = fileURLToPath(new URL("../../../docs/cli.md", import.meta.url));

test("docs/cli.md is what the commands, results, exit codes and error codes say", async () => {
  const text = manual();
  for (const meaning of Object.values(EXIT_MEANINGS)) expect(text).toContain(meaning);
  await expect(text).toMatchFileSnapshot(FILE);
});

test("each result belongs to a command that there is", () => {
  for (const { command } of RESULTS) expect(manual()).toContain(`\n\`fota ${command} --json\` prints\n`);
});
