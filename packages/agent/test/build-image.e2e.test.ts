import { execFile } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { readBootRecord } from "../src/boot/boot-record.js";
import { cutPower } from "./boot-device.js";
import { docBlock } from "./doc-block.js";
import { StandIn } from "./stand-in.js";

const run = promisify(execFile);
const DIST = join(import.meta.dirname, "../dist");

/** Inside the package, so that `@fota/agent` resolves to it. */
let project: string;
beforeAll(async () => {
  await mkdir(DIST, { recursive: true });
  project = await mkdtemp(join(DIST, "project-"));
});
afterAll(async () => await rm(project, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(project, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
  return path;
}

/** `npx @fota/agent build`, on the sources of this repository. */
const build = (...args: string[]) =>
  run(process.execPath, [join(DIST, "agent.cjs"), "build", "-C", "@fota/source", ...args]);

describe("an image", () => {
  test("runs without node_modules, with top-level await, CommonJS dependencies and its version", async () => {
    await write("node_modules/old/package.json", '{"type":"commonjs"}');
    await write("node_modules/old/index.js", 'module.exports = require("node:path").basename(__filename);');
    const entry = await write(
      "app.ts",
      'import old from "old"; console.log(await Promise.resolve(process.env.FIRMWARE_VERSION), old);',
    );
    const { stdout } = await build(entry, "-o", join(project, "app"), "--version", "1.5.0");
    expect(stdout).toMatch(
      /^built .*app: [\d.]+ KiB \(\d+ bytes\)\nmd5 {5}[0-9a-f]{32}\nsha256 {2}[0-9a-f]{64}\n$/,
    );
    expect((await stat(join(project, "app"))).mode & 0o777).toBe(0o755);
    expect((await run(join(project, "app"))).stdout).toBe("1.5.0 app\n");
    await build(entry, "-o", join(project, "again"), "--version", "1.5.0");
    expect(await readFile(join(project, "again"))).toEqual(await readFile(join(project, "app")));
  });

  test("of a program with its own #! line runs", async () => {
    const image = join(project, "script");
    await build(await write("script.ts", '#!/usr/bin/env tsx\nconsole.log("ready");'), "-o", image);
    expect((await run(image)).stdout).toBe("ready\n");
  });

  test("replaces the file behind a link, and no other kind of file", async () => {
    const entry = await write("small.ts", "console.log(1);");
    const [link, pipe] = [join(project, "link"), join(project, "pipe")];
    await symlink(await write("linked", "old"), link);
    await build(entry, "-o", link);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect((await run(link)).stdout).toBe("1\n");
    await run("mkfifo", [pipe]); // stands for /dev/null, which a build as root would replace
    for (const out of [pipe, project]) {
      await expect(build(entry, "-o", out)).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`${out} exists and is not a regular file (FILE_ACCESS)`),
      });
    }
    expect((await stat(pipe)).isFIFO()).toBe(true);
    await expect(build(entry, "-o", entry)).rejects.toMatchObject({ code: 2 });
    expect(await readFile(entry, "utf8")).toBe("console.log(1);");
  });

  test("that ends with an error prints a short line of its code", async () => {
    const long = Array.from({ length: 1_000 }, (_, i) => `console.log("sensor ${i}");`).join("\n");
    const code = `if (process.argv.length > 3) {${long}}\nthrow new Error("no sensor");`;
    const image = join(project, "crash");
    await build(await write("crash.ts", code), "-o", image);
    const { stderr } = await run(image).catch((error: { stderr: string }) => error);
    expect(stderr).toContain("Error: no sensor");
    expect(Math.max(...stderr.split("\n").map((line) => line.length))).toBeLessThan(1_000);
  });

  test.each([
    ["a .node file", 'module.exports = require("./build/usb.node");'],
    ["a loader of .node files", 'module.exports = require("bindings")("usb");'],
  ])("cannot hold %s: the build names the package and writes nothing", async (_what, code) => {
    await write("node_modules/@acme/usb/index.js", code);
    const entry = await write("native.ts", 'import usb from "@acme/usb"; usb();');
    const out = join(project, "native");
    await expect(build(entry, "-o", out)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/@acme\/usb is a native module.*\(IMAGE_INVALID\)/),
    });
    await expect(stat(out)).rejects.toThrow("ENOENT");
  });

  test("cannot hold a .node file of the program itself, and the build names that file", async () => {
    const entry = await write("own.ts", 'import usb from "./usb.node"; usb();');
    await expect(build(entry, "-o", join(project, "own"))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("./usb.node is a native module"),
    });
  });

  test.each([
    ["no entry", ["-o", "x"], 2, /USAGE/],
    ["no output", ["app.ts"], 2, /USAGE/],
    ["a version that is none", ["app.ts", "-o", "x", "--version", "new"], 2, /VERSION_INVALID/],
    ["a missing entry", [join(DIST, "none.ts"), "-o", "x"], 1, /none\.ts.*IMAGE_INVALID/s],
  ])("with %s is an error", async (_what, args, code, stderr) => {
    await expect(build(...args)).rejects.toMatchObject({ code, stderr: expect.stringMatching(stderr) });
  });

  test("without esbuild in the project, the command says how to install it", async () => {
    await expect(build("/app.ts", "-o", "x")).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("npm install --save-dev esbuild"),
    });
  });
});

test("--help fits into a terminal of 80 columns", async () => {
  const { stdout } = await build("--help");
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

test("the device guide's program, built with its command, updates itself under fota-boot", async () => {
  const standIn = await StandIn.start();
  const entry = await write("guide.ts", onStandIn(await docBlock("device-guide.md", "ts")));
  for (const version of ["1.4.0", "1.5.0"]) {
    await build(entry, "-o", standIn.imagePath(version), "--version", version);
    await chmod(standIn.imagePath(version), 0o755);
  }
  const device = await standIn.makeDevice("1.4.0");
  const launcher = device.boot.launch();
  try {
    const jobId = await standIn.createJob("1.5.0", device.thingName);
    await eventually(async () => {
      const execution = await standIn.executionOf(jobId, device.thingName);
      expect(execution, launcher.output()).toMatchObject({ status: "SUCCEEDED" });
    });
    expect(await readBootRecord(device.boot.dir)).toMatchObject({ currentSlot: 1, workingSlot: 1 });
  } finally {
    await cutPower(launcher);
    await device.boot.dispose();
    await standIn.stop();
  }
});

/** The guide's program with the stand-in's address, identity and folder in place of its examples. */
function onStandIn(program: string): string {
  const changes = [
    ['"/etc/device/agent.json"', "process.env.FOTA_AGENT_CONFIG"],
    ['"/var/lib/fota"', "process.env.FOTA_DIR"],
    ["startJitterMs: 600_000", "allowLoopbackHttp: true"],
  ] as const;
  return changes.reduce((text, [example, real]) => {
    expect(text).toContain(example);
    return text.replace(example, real);
  }, program);
}
