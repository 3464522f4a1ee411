import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { speedUpClock } from "../../test/fast-clock.js";
import { readSmallFile } from "./small-file.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-small-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

test("a file is read whole", async () => {
  const text = "line\n".repeat(100_000);
  await writeFile(join(folder, "a"), text);
  expect((await readSmallFile(join(folder, "a"))).toString()).toBe(text);
});

test("a pipe is read to the end of its writer, however slow", async () => {
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  const writer = spawn("sh", [
    "-c",
    `exec >${fifo}; echo one; sleep 0.3; head -c 200000 /dev/zero; echo two`,
  ]);
  const ended = once(writer, "close");
  const text = (await readSmallFile(fifo)).toString();
  await ended;
  expect(text.length).toBe(200_000 + "one\ntwo\n".length);
  expect(text).toMatch(/^one\n.*two\n$/s);
});

test("a FIFO without a writer, a folder and what never ends are refused", async () => {
  speedUpClock(); // the wait for a writer
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  await expect(readSmallFile(fifo)).rejects.toThrow(/no process writes to the pipe/);
  await expect(readSmallFile(folder)).rejects.toThrow(/EISDIR/);
  await expect(readSmallFile("/dev/zero")).rejects.toThrow(/more than 16 MiB/);
  await expect(readSmallFile("a\0b")).rejects.toThrow(/null bytes/);
});
