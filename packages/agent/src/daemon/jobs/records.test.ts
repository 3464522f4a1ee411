import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JobRecords } from "./records.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-records-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const good = { jobId: "a", executionNumber: 1, attempts: 2 };
const verdict = { status: "FAILED", details: { reason: "handler-failed" } };

async function load(items: readonly unknown[]): Promise<{ records: readonly unknown[]; logged: string[] }> {
  writeFileSync(join(dir, "fota-jobs.json"), JSON.stringify({ formatVersion: 1, items }));
  const logged: string[] = [];
  const records = await new JobRecords(dir, (level, line) => void logged.push(`${level} ${line}`)).all();
  return { records, logged };
}

test("records are read with the end that is still to be reported", async () => {
  const items = [good, { ...good, jobId: "b", verdict }];
  expect(await load(items)).toEqual({ records: items, logged: [] });
});

test.each([
  { ...good, attempts: -1 },
  { ...good, verdict: { status: "DONE", details: {} } },
  { ...good, verdict: { status: "FAILED", details: { reason: 3 } } },
])("a damaged record does not count, and is reported: %j", async (damaged) => {
  const { records, logged } = await load([damaged, good]);
  expect(records).toEqual([good]);
  expect(logged).toEqual([
    expect.stringMatching(/^error .*fota-jobs\.json is damaged: other jobs .* --force$/),
  ]);
});
