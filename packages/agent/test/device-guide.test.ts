import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CAUSES } from "@fota/shared";
import { expect, test } from "vitest";

const docs = join(import.meta.dirname, "../../../docs");

test.each(CAUSES)("the guide says what %s means and what to do", (cause) => {
  const rows = readFileSync(join(docs, "device-guide.md"), "utf8").split("\n");
  const [, , meaning = "", advice = ""] =
    rows.find((row) => row.startsWith(`| \`${cause}\``))?.split("|") ?? [];
  expect(meaning.trim().length).toBeGreaterThan(20);
  expect(advice.trim().length).toBeGreaterThan(20);
});

test.each(CAUSES)("the job document's page has %s", (cause) => {
  expect(readFileSync(join(docs, "job-document.md"), "utf8")).toContain(`\`${cause}\``);
});
