import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { findCommand, timeCommand, timeCommands } from "./command.mjs";

afterEach(() => vi.unstubAllEnvs());

const BUSY_100_MS = "let end = process.cpuUsage().user + 1e5; while (process.cpuUsage().user < end);";

test("a finished command has its output, its processor time and its peak", async () => {
  const took = await timeCommand("sh", ["-c", `echo hello; '${process.execPath}' -e '${BUSY_100_MS}'`]);
  expect(took.stdout).toBe("hello\n");
  expect(took.cpuSeconds).toBeGreaterThan(0.1);
  expect(took.cpuSeconds).toBeGreaterThan(took.systemSeconds);
  expect(took.seconds).toBeGreaterThan(0.1);
  if (took.peakRssMiB !== undefined) expect(took.peakRssMiB).toBeGreaterThan(20);
});

test("times of several commands are added", async () => {
  const busy = [process.execPath, "-e", BUSY_100_MS];
  expect((await timeCommands([busy, busy])).cpuSeconds).toBeGreaterThan(0.2);
});

test("a command that fails throws what it printed to stderr", async () => {
  await expect(timeCommand("sh", ["-c", "echo no such bucket >&2; exit 3"])).rejects.toThrow(
    /ended with 3: no such bucket/,
  );
});

test("a shim is not taken for the command behind it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fota-find-"));
  try {
    const program = async (name) => {
      await mkdir(join(folder, name, ".."), { recursive: true });
      await writeFile(join(folder, name), "#!/bin/sh\n");
      await chmod(join(folder, name), 0o755);
      return join(folder, name);
    };
    await program("shims/tool");
    const real = await program("bin/tool");
    vi.stubEnv("PATH", `${join(folder, "shims")}:${join(folder, "bin")}`);
    expect(findCommand("tool")).toBe(real);
    expect(findCommand("other")).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
