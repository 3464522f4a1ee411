import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Local, startLocal } from "@fota/local";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// Real shells complete real command lines; each is skipped where it is not installed (Debian: bash, zsh, fish).
const has = (shell: string) => spawnSync(shell, ["-c", "exit"], { stdio: "ignore" }).status === 0;
const FOTA = fileURLToPath(new URL("../dist/fota.cjs", import.meta.url));

let folder: string;
let local: Local;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-complete-"));
  await writeFile(join(folder, "app.bin"), "image");
  await writeFile(join(folder, "fota"), `#!/bin/sh\nexec '${process.execPath}' '${FOTA}' "$@"\n`);
  await chmod(join(folder, "fota"), 0o755);
  local = await startLocal();
  await local.provisionThing("pump-1");
  await local.provisionThing("pump:2");
  await local.provisionThing("--force"); // AWS takes such names, of jobs too; on a command line it is an option
  env = {
    PATH: `${folder}:${process.env["PATH"]}`,
    HOME: folder,
    TERM: "xterm",
    AWS_ENDPOINT_URL: local.endpoint,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  };
});
afterAll(async () => {
  await local.stop();
  await rm(folder, { recursive: true });
});

async function runIn(shell: string, args: readonly string[], more: Record<string, string> = {}) {
  const options = { cwd: folder, env: { ...env, ...more }, timeout: 120_000 };
  return await promisify(execFile)(shell, args, options);
}

describe.skipIf(!has("bash"))("bash", () => {
  /** What bash would offer at the end of `line`. */
  async function offers(line: string): Promise<string[]> {
    const drive = [
      'compopt() { echo "compopt $*"; }; source <(fota completion bash)',
      'COMP_LINE=$1 COMP_POINT=${#1}; _fota; printf "%s\\n" "${COMPREPLY[@]}"',
    ].join("\n");
    const { stdout, stderr } = await runIn("bash", ["--norc", "--noprofile", "-c", drive, "bash", line]);
    expect(stderr).toBe("");
    return stdout.trimEnd().split("\n");
  }

  test.each([
    ["fota docto", ["doctor"]],
    ["fota publish --local --to p", ["pump-1", "pump:2"]],
    ["fota publish --local --to ", expect.not.arrayContaining(["--force"])],
    ["fota publish --local --to pump:", ["2"]], // bash has split the word at the colon
    ["fota publish --local --to=pump-", ["pump-1"]],
    ["fota device --fail sel", ["self-test"]],
    ["fota publish --thing-", ["--thing-timeout"]],
    ["fota publish -n", ["-n"]],
    ["fota help opt", ["options"]],
    ["fota publish ", ["compopt -o default"]],
    ["fota nothing-like-it ", expect.not.arrayContaining([expect.stringContaining("error")])],
  ] as const)("%j", async (line, values) => {
    expect(await offers(line)).toEqual(
      typeof values === "object" && Array.isArray(values) ? [...values] : values,
    );
  });
});

describe.skipIf(!has("fish"))("fish", () => {
  async function offers(line: string): Promise<string[]> {
    const drive = "fota completion fish | source; complete -C $argv[1]";
    const { stdout, stderr } = await runIn("fish", ["--no-config", "-c", drive, line]);
    expect(stderr).toBe("");
    return stdout.trimEnd().split("\n").sort();
  }

  test.each([
    ["fota docto", ["doctor\tfind what blocks a publish, and how to fix it"]],
    ["fota publish --local --to pump", ["pump-1\tthing", "pump:2\tthing"]],
    ["fota publish app", ["app.bin"]],
    ["fota device --fail b", ["boot"]],
    ["fota list -q", ["-q\tprint only results, warnings and errors"]],
  ])("%j", async (line, values) => {
    expect(await offers(line)).toEqual(values);
  });
});

describe.skipIf(!has("zsh"))("zsh", () => {
  test("completes words, and lists names, on a terminal of its own", async () => {
    // ^X shows the line as it is: what a terminal gets is only what changed.
    const drive = `
      zmodload zsh/zpty
      zpty z 'zsh -f -i'
      zpty -w z 'PS1="REA""DY "; autoload -U compinit; compinit -D -u; source <(fota completion zsh)'
      zpty -w z 'show() { print -r -- "<$BUFFER>" }; zle -N show; bindkey "^X" show; print SET""UP'
      zpty -r z out '*SETUP*READY *'
      zpty -w -n z $'fota docto\\t\\x18'
      zpty -r z out '*<fota doctor >*' && print -r -- word
      zpty -w -n z $'\\x15fota publish --local --to pump\\t'
      zpty -r z out '*pump-1*thing*pump:2*thing*' && print -r -- names
      zpty -w -n z $'\\x15fota publish ap\\t\\x18'
      zpty -r z out '*<fota publish app.bin >*' && print -r -- files
      zpty -d z`;
    const { stdout } = await runIn("zsh", ["-f", "-c", drive]);
    expect(stdout).toBe("word\nnames\nfiles\n");
  });
});

describe("fota complete", () => {
  const complete = async (words: readonly string[], more: Record<string, string> = {}) =>
    await runIn(process.execPath, [FOTA, "complete", "--", ...words], more);

  test("names come from a cache of the account, and are asked for once", async () => {
    const XDG_CACHE_HOME = join(folder, "cache");
    const words = ["status", "--local", "--thing", ""];
    const { stdout } = await complete(words, { XDG_CACHE_HOME });
    expect(stdout).toBe("pump-1\tthing\npump:2\tthing\n");
    await local.provisionThing("valve-3");
    expect((await complete(words, { XDG_CACHE_HOME })).stdout).toBe(stdout);
    const other = await complete([...words.slice(0, 1), "--region", "eu-west-1", ...words.slice(1)], {
      XDG_CACHE_HOME,
    });
    expect(other.stdout).toContain("valve-3");
  });

  test.each([
    ["a settings file that is broken", {}, "{bucket"],
    ["no stand-in", { AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, "{}"],
  ])("%s gives nothing, and no text that a shell would take for names", async (_what, more, config) => {
    await writeFile(join(folder, "fota.config.json"), config);
    const ended = await complete(["publish", "--local", "--to", ""], {
      XDG_CACHE_HOME: join(folder, "other"),
      ...more,
    });
    await rm(join(folder, "fota.config.json"));
    expect(ended).toEqual({ stdout: "", stderr: "" });
  });

  test("an endpoint that does not answer is not waited for", async () => {
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const more = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    };
    const ended = await complete(["publish", "--to", ""], more);
    server.close();
    expect(ended).toEqual({ stdout: "", stderr: "" });
  });
});

test("a shell that is none is refused with those that are", async () => {
  const ended = await runIn(process.execPath, [FOTA, "completion", "tcsh"]).catch((error: unknown) => error);
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("bash, zsh or fish") });
});
