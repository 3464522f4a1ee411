import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseState, serializeState } from "./saved-state.js";
import type { UpdateState } from "./update-state.js";

const golden = readFileSync(new URL("../../test/fixtures/saved-state-v1.json", import.meta.url), "utf8");

test("version 1 as shipped is read, and written the same", () => {
  const state = parseState(golden);
  expect(state).toEqual({
    phase: "downloading",
    execution: { jobId: "fota-thermostat-7-1", executionNumber: 1, versionNumber: 2 },
    target: {
      slot: 1,
      sizeBytes: 1_048_576,
      md5: "4c983d509748aa1355869b17f1b2b5eb",
      sha256: "b30b32267bb654ea6a7079019ba4ae58d5dff935d8f7ec6ce85384d45c4efccb",
      url: "https://bucket.example/image?X-Amz-Signature=0",
    },
    journal: { offsetBytes: 524_288, etag: '"4c983d509748aa1355869b17f1b2b5eb"' },
  });
  expect(serializeState(state as UpdateState)).toBe(golden.trim());
});

test("version 1 of an update that waits for a hook is read, and written the same", () => {
  const waiting = readFileSync(
    new URL("../../test/fixtures/saved-state-v1-consulting.json", import.meta.url),
    "utf8",
  );
  const state = parseState(waiting);
  expect(state).toMatchObject({
    phase: "consulting",
    hook: "beforeReset",
    deferred: true,
    faults: 2,
    attempts: 1,
    target: { slot: 1, version: "2.1.0" },
  });
  expect(serializeState(state as UpdateState)).toBe(waiting.trim());
});

test("version 2 has what the download has cost, is read, and written the same", () => {
  const text = readFileSync(new URL("../../test/fixtures/saved-state-v2.json", import.meta.url), "utf8");
  const state = parseState(text);
  expect(state).toMatchObject({
    phase: "downloading",
    journal: { offsetBytes: 524_288, erases: 2, fetchedBytes: 1_572_864 },
  });
  expect(serializeState(state as UpdateState)).toBe(text.trim());
});

test("version 2 may have where a patch goes on, is read, and written the same", () => {
  const text = readFileSync(
    new URL("../../test/fixtures/saved-state-v2-patch.json", import.meta.url),
    "utf8",
  );
  const state = parseState(text);
  expect(state).toMatchObject({
    journal: { offsetBytes: 524_288, patch: { patchBytes: 42_000, frameBytes: 16_384 } },
  });
  expect(serializeState(state as UpdateState)).toBe(text.trim());
});

test("patches are not saved; how the image was downloaded is", () => {
  const target = {
    slot: 1,
    sizeBytes: 100,
    md5: "a".repeat(32),
    url: "https://bucket.example/image",
    download: { via: "patch", fetchedBytes: 10 },
  } as const;
  const execution = { jobId: "job-1", executionNumber: 1, versionNumber: 2 };
  const deltas = [{ url: "https://bucket.example/patch", bytes: 10, sha256: "b".repeat(64) }];
  const text = serializeState({ phase: "trial", execution, target: { ...target, deltas } });
  expect(JSON.parse(text)).toEqual({ version: 1, state: { phase: "trial", execution, order: target } });
  expect(parseState(text)).toEqual({ phase: "trial", execution, target });
});

test("what the new image saves on trial is written for the old one: version 1, but for a download under way", () => {
  const about = {
    execution: { jobId: "job-1", executionNumber: 1, versionNumber: 2 },
    target: { slot: 1, sizeBytes: 100, md5: "a".repeat(32), url: "https://bucket.example/image" },
  };
  const details = { phase: "trial", reason: "self-test-failed" } as const;
  const versionOf = (state: UpdateState) => JSON.parse(serializeState(state)).version;
  expect(versionOf({ phase: "idle" })).toBe(1);
  expect(versionOf({ phase: "trial", ...about })).toBe(1);
  expect(versionOf({ phase: "reverting", ...about, verdict: { status: "FAILED", details } })).toBe(1);
  expect(versionOf({ phase: "downloading", ...about, journal: { offsetBytes: 0, erases: 1 } })).toBe(2);
});

test("the saved text calls the update target `order`, as every release before does", () => {
  const target = { slot: 1, sizeBytes: 100, md5: "a".repeat(32), url: "https://bucket.example/image" };
  const execution = { jobId: "job-1", executionNumber: 1, versionNumber: 2 };
  const text = serializeState({ phase: "trial", execution, target });
  expect(JSON.parse(text)).toEqual({ version: 1, state: { phase: "trial", execution, order: target } });
  expect(serializeState({ phase: "idle" })).toBe('{"version":1,"state":{"phase":"idle"}}');
});

test("a text cut anywhere is no state", () => {
  const text = golden.trim();
  for (let length = 0; length < text.length; length += 1) {
    expect(parseState(text.slice(0, length))).toBeUndefined();
  }
});

test.each([
  ["a newer version", '{"version":3,"state":{"phase":"idle"}}'],
  ["an unknown phase", '{"version":1,"state":{"phase":"flying"}}'],
  ["no execution", '{"version":1,"state":{"phase":"trial"}}'],
  ["a slot that is no number", golden.replace('"slot":1', '"slot":"1"')],
  ["a negative offset", golden.replace("524288", "-1")],
  ["an invalid count of erases", golden.replace('"offsetBytes"', '"erases":-1,"offsetBytes"')],
  ["an invalid patch", golden.replace('"offsetBytes"', '"patch":{"patchBytes":1},"offsetBytes"')],
  ["an unknown hook", '{"version":1,"state":{"phase":"consulting","hook":"beforeLunch"}}'],
  ["another program's file", '["hello"]'],
])("%s is no state", (_what, text) => {
  expect(parseState(text)).toBeUndefined();
});

test("no text throws", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      parseState(text);
      parseState(`{"version":1,"state":${text}}`);
    }),
    { numRuns: 2_000 },
  );
});
