import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Makes a folder for a test of a script that makes a file: its tools in `bin`, what it makes in `out`, its `tmp`. */
export function makeToolFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fota-tool-run-"));
  for (const name of ["bin", "out", "tmp"]) mkdirSync(join(folder, name));
  return folder;
}

/** Puts a shell script in place of the tool `name`. */
export function replaceTool(folder: string, name: string, script: string): void {
  const file = join(folder, "bin", name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** Calls a function of a module in a process of its own, with the tools of the folder. `args` go through JSON. */
export function callWithTools(folder: string, module: URL, name: string, args: readonly unknown[]) {
  const texts = args.map((arg) => JSON.stringify(arg));
  const code = `import { ${name} } from ${JSON.stringify(module)};\nawait ${name}(${texts.join()});`;
  const PATH = `${join(folder, "bin")}${delimiter}${process.env["PATH"]}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    env: { ...process.env, PATH, TMPDIR: join(folder, "tmp") },
    stdio: ["ignore", "inherit", "pipe"],
  });
  const stderr = child.stderr.setEncoding("utf8").toArray();
  return { child, ended: once(child, "exit"), stderr: async () => (await stderr).join("") };
}

/** Returns the names of what is in `out` and `tmp`. */
export function filesLeft(folder: string): string[] {
  return ["out", "tmp"].flatMap((name) => readdirSync(join(folder, name)));
}
