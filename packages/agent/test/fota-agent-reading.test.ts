import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { printableLines } from "@fota/shared";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { writeBootRecord } from "../src/boot/boot-record.js";
import { isLocked } from "../src/boot/socket-lock.js";
import { COMMANDS } from "../src/daemon/commands.js";
import { type Command, runProgram } from "../src/daemon/program/program.js";

let dir: string;
let config: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fota-agent-reading-"));
  config = join(dir, "agent.json");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

/** Runs a command line in this process, without a daemon. A lock that it took would still be held, as a socket. */
async function run(slots: object, ...argv: string[]): Promise<{ exit: number; out: string; err: string }> {
  const identity = { endpoint: "127.0.0.1:1", thingName: "pump", cert: "c", key: "k", ca: "a" };
  await writeFile(config, JSON.stringify({ ...identity, stateDir: join(dir, "state"), slots }));
  const [out, err]: [string[], string[]] = [[], []];
  const exit = await runProgram([...argv, "--config", config], COMMANDS, {
    env: {},
    service: {},
    cwd: dir,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    onSignal: () => () => {},
  });
  return { exit, out: out.join(""), err: err.join("") };
}

/** Returns all that is in a folder, with the bytes of the files. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true });
  const entries = names
    .filter((name) => name !== "agent.json")
    .sort()
    .map(async (name) => {
      const path = join(folder, name);
      const found = await lstat(path);
      return [name, found.isFile() ? await readFile(path, "latin1") : `mode ${found.mode}`] as const;
    });
  return Object.fromEntries(await Promise.all(entries));
}

const files = () => ({ type: "files", dir: join(dir, "slots"), runningSlot: 0 });

describe.each(["status", "check"])("`fota-agent %s` without a daemon", (command) => {
  test("makes no folder", async () => {
    const { out } = await run(files(), command);
    expect(out).toMatch(/slots?/);
    expect(await contentOf(dir)).toEqual({});
  });

  test("writes no boot record into an empty folder, and shows the one that the agent would write", async () => {
    await mkdir(join(dir, "slots"));
    const { out } = await run(files(), command);
    expect(out).toMatch(/slot.* 0.*, confirmed$/m);
    expect(Object.keys(await contentOf(dir))).toEqual(["slots"]);
  });

  test("leaves a state that cannot be read to the agent, which must learn that it was lost", async () => {
    for (const name of ["fota-state.json", "fota-history.json", "fota-trust.json"]) {
      await mkdir(join(dir, "state", name), { recursive: true });
    }
    await mkdir(join(dir, "slots"));
    await writeBootRecord(join(dir, "slots"), { currentSlot: 0, workingSlot: 0, trialBoots: 0 });
    const before = await contentOf(dir);
    const { out } = await run(files(), command);
    expect(out).toMatch(/slot.* 0.*, confirmed$/m);
    expect(await contentOf(dir)).toEqual(before);
  });

  test("takes no lock of a boot loader", async () => {
    const envFile = join(dir, "fota.env");
    await writeFile(envFile, grubEnv({ fota_working: 0, fota_current: 0, fota_trial: 0 }));
    const paths = [join(dir, "slot-a"), join(dir, "slot-b")];
    await Promise.all(paths.map((path, slot) => writeFile(path, `image ${slot}`)));
    const before = await contentOf(dir);
    const { out } = await run({ type: "grub", envFile, runningSlot: 0, paths }, command);
    expect(out).toMatch(/slot.* 0.*, confirmed$/m);
    expect(await isLocked(envFile, "agent")).toBe(false);
    expect(await contentOf(dir)).toEqual(before);
  });

  test("marks no slot of RAUC, and leaves the record of a dead trial", async () => {
    const log = await scriptRauc();
    const bundleDir = join(dir, "bundles");
    await writeBootRecord(bundleDir, { currentSlot: 1, workingSlot: 0, trialBoots: 0 });
    await mkdir(join(bundleDir, "installed-bundles.json"));
    await mkdir(join(dir, "state"));
    const history = { formatVersion: 1, images: { 0: { sizeBytes: 1, md5: "m", version: "1.0.0" } } };
    await writeFile(join(dir, "state", "fota-history.json"), JSON.stringify(history));
    const before = await contentOf(bundleDir);
    const { out } = await run({ type: "rauc", bundleDir }, command);
    expect(out).toMatch(/slot.* 0.*, confirmed$/m);
    expect(await contentOf(bundleDir)).toEqual(before);
    expect((await readFile(log, "utf8")).split("\n").filter((line) => line.includes("mark"))).toEqual([]);
  });
});

describe("what a job document or a broker says reaches no terminal with its control characters", () => {
  const EVIL = "\u001b[2J\u009b31m\nlast     SUCCEEDED\u202e";
  const last = { jobId: "fw-7", status: "FAILED", detail: EVIL, at: "2026-01-01T00:00:00Z" };

  beforeEach(async () => {
    await mkdir(join(dir, "state"));
    await writeFile(join(dir, "state", "fota-history.json"), JSON.stringify({ formatVersion: 1, last }));
  });

  test("`status` prints each value on one line", async () => {
    const { out } = await run(files(), "status");
    expect(out).toMatch(/^last +FAILED, \\u001b\[2J\\u009b31m\\u000alast +SUCCEEDED\\u202e \(job fw-7,/m);
    expect(out).toBe(printableLines(out));
  });

  test("`status --json` prints the same value for programs", async () => {
    const { out } = await run(files(), "status", "--json");
    expect(JSON.parse(out)).toMatchObject({ last: { detail: EVIL } });
    expect(out).toBe(printableLines(out));
  });

  test("an error, also one that is a bug", async () => {
    for (const args of [[EVIL], ["status", EVIL]]) {
      const { err } = await run(files(), ...args);
      expect(err).toMatch(/^error: .*\\u009b31m/);
      expect(err).toBe(printableLines(err));
    }
    const broken = {
      ...COMMANDS["status"],
      run: async () => {
        throw new TypeError(EVIL);
      },
    } as Command;
    const errors: string[] = [];
    const host = { env: {}, service: {}, cwd: dir, out: () => {}, onSignal: () => () => {} };
    await runProgram(["status"], { status: broken }, { ...host, err: (text) => void errors.push(text) });
    expect(errors.join("")).toMatch(/^TypeError: \\u001b\[2J/);
    expect(errors.join("")).toBe(printableLines(errors.join("")));
  });
});

/** An environment block of GRUB: 1024 bytes. */
function grubEnv(variables: Record<string, number>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return `# GRUB Environment Block\n${lines.join("")}`.padEnd(1024, "#");
}

/** Puts a `rauc` into PATH that tells of two slots and logs its arguments. Returns the path of the log. */
async function scriptRauc(): Promise<string> {
  const slot = (bootname: string, state: string) => ({
    [`rootfs.${bootname}`]: { bootname, state, boot_status: "good" },
  });
  const status = { slots: [slot("A", "booted"), slot("B", "inactive")], boot_primary: "rootfs.A" };
  const tools = join(dir, "tools");
  const log = join(tools, "log");
  await mkdir(tools);
  await writeFile(join(tools, "rauc"), `#!/bin/sh\necho "$@" >> ${log}\necho '${JSON.stringify(status)}'\n`);
  await chmod(join(tools, "rauc"), 0o755);
  vi.stubEnv("PATH", `${tools}${delimiter}${process.env["PATH"]}`);
  return log;
}
