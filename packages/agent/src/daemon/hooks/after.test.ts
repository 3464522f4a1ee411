import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serializeState } from "../../core/saved-state.js";
import type { UpdateState } from "../../core/update-state.js";
import { AfterHooks, noticeOf } from "./after.js";

const execution = { jobId: "fw-1", executionNumber: 1, versionNumber: 3 };
const target = { slot: 1, sizeBytes: 5, md5: "d41d8cd98f00b204e9800998ecf8427e", url: "https://a.example/b" };
const about = { execution, target };
const succeeded: UpdateState = {
  phase: "reporting",
  ...about,
  verdict: { status: "SUCCEEDED", details: { phase: "done" } },
};
const failed: UpdateState = {
  phase: "reporting",
  ...about,
  verdict: { status: "FAILED", details: { phase: "trial", reason: "self-test-failed", detail: "no sensor" } },
};

test.each<[UpdateState, UpdateState, string | undefined]>([
  [{ phase: "confirming", ...about }, succeeded, "after-confirm"],
  [{ phase: "trial", ...about }, failed, "after-revert"],
  [{ phase: "reverting", ...about }, failed, "after-revert"],
  [{ phase: "reverting", ...about }, { phase: "idle" }, "after-revert"],
  [{ phase: "trial", ...about }, { phase: "confirming", ...about }, undefined],
  [{ phase: "downloading", journal: { offsetBytes: 0 }, ...about }, failed, undefined],
  [succeeded, succeeded, undefined],
  [succeeded, { phase: "idle" }, undefined],
])("%j then %j", (before, state, hook) => {
  expect(noticeOf(before, state)?.hook).toBe(hook);
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-after-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function afterHooks(log: string[] = [], signal = new AbortController().signal): AfterHooks {
  const config = { dir, timeLimitSeconds: 20, selfTestTimeLimitSeconds: 20 };
  const context = {
    config,
    stateDir: dir,
    env: process.env,
    log: (_: string, line: string) => void log.push(line),
  };
  return new AfterHooks(context, { facts: async () => ({ thingName: "pump" }), signal: () => signal });
}

const saved = () => JSON.parse(readFileSync(join(dir, "fota-after-hooks.json"), "utf8")).items;

test("a hook that is due is saved before the state, and run after a restart", async () => {
  writeFileSync(
    join(dir, "after-confirm"),
    '#!/bin/sh\necho "$FOTA_JOB_ID $FOTA_THING_NAME" > "${0%/*}/called"\n',
    {
      mode: 0o755,
    },
  );
  let text = serializeState({ phase: "confirming", ...about });
  const store = { load: async () => text, save: async () => Promise.reject(new Error("power cut")) };
  await expect(afterHooks().watching(store).save(serializeState(succeeded))).rejects.toThrow("power cut");
  expect(saved()).toMatchObject([{ hook: "after-confirm", attempts: 0, facts: { jobId: "fw-1" } }]);
  const next = afterHooks();
  next.start();
  await next.ended();
  expect(readFileSync(join(dir, "called"), "utf8")).toBe("fw-1 pump\n");
  expect(saved()).toEqual([]);
  text = "";
});

test("one that was ended three times does not run again", async () => {
  writeFileSync(join(dir, "after-revert"), '#!/bin/sh\necho called >> "${0%/*}/called"\n', { mode: 0o755 });
  const notice = { hook: "after-revert", facts: {}, attempts: 3 };
  writeFileSync(join(dir, "fota-after-hooks.json"), JSON.stringify({ formatVersion: 1, items: [notice] }));
  const log: string[] = [];
  const hooks = afterHooks(log);
  hooks.start();
  await hooks.ended();
  expect(log.join()).toMatch(/after-revert failed or was ended 3 times/);
  expect(saved()).toEqual([]);
});
