import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { heartbeat } from "./heartbeat.js";

let dir: string;
let fd: number;
const beats = () => readFileSync(join(dir, "pipe"), "utf8").length;
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
  await vi.waitFor(() => expect(beats()).toBe(1));
  vi.advanceTimersByTime(3_000);
  await vi.waitFor(() => expect(beats()).toBe(4));
});

test("sends no heartbeat while isAlive returns false", async () => {
  expected("3000");
  let works = false;
  heartbeat(() => works);
  vi.advanceTimersByTime(30_000);
  works = true;
  vi.advanceTimersByTime(1_000);
  await vi.waitFor(() => expect(beats()).toBe(1));
});

test("does nothing where no heartbeat is expected", () => {
  vi.stubEnv("FOTA_HEARTBEAT_FD", undefined);
  heartbeat();
  expect(vi.getTimerCount()).toBe(0);
});
