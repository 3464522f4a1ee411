import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

test("docs/local.md shows the complete test as it runs here", async () => {
  const [page, source] = await Promise.all([read("../../../docs/local.md"), read("complete.e2e.test.ts")]);
  expect(page).toContain(`\`\`\`ts\n${source}\`\`\``);
});
