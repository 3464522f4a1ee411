import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { heartbeat } from "./heartbeat.js";

let dir: string;
let fd: number;
const beats = () => readFileSync(join(dir, "pipe"), "utf8").length;

/** Waits for writes that have begun. Unlike a poll, it does not move the fake clock, which would make further beats. */
async function expectBeats(count: number): Promise<void> {
  while (beats() < count) await stat(dir);
  expect(beats()).toBe(count);
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-heartbeat-"));
  fd = openSync(join(dir, "pipe"), "a");
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  closeSync(fd);
  rmSync(dir, { recursive: true });
});
const expected = (periodMs: string) => {
  vi.stubEnv("FOTA_HEARTBEAT_FD", String(fd));
  vi.stubEnv("FOTA_HEARTBEAT_MS", periodMs);
};

test("beats at once and three times in each period", async () => {
  expected("3000");
  heartbeat();
  await expectBeats(1);
  vi.advanceTimersByTime(3_000);
  await expectBeats(4);
});

test("sends no heartbeat while isAlive returns false", async () => {
  expected("3000");
  let works = false;
  heartbeat(() => works);
  vi.advanceTimersByTime(30_000);
  works = true;
  vi.advanceTimersByTime(1_000);
  await expectBeats(1);
});

test("does nothing where no heartbeat is expected", () => {
  vi.stubEnv("FOTA_HEARTBEAT_FD", undefined);
  heartbeat();
  expect(vi.getTimerCount()).toBe(0);
});
