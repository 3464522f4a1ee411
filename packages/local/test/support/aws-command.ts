import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The Python that has the `aws` command (Debian: awscli); Debian's may not be the first one on PATH. */
const python = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import awscli"]).status === 0,
);
export const hasAwsCommand = python !== undefined;
if (!hasAwsCommand) console.warn("skipped: the aws command is not installed (Debian: awscli)");

/** The real `aws` command with one environment. */
export interface AwsCommand {
  /** Runs one command line after those before it. Resolves to its stdout, and rejects with its stderr if it fails. */
  run(...words: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts one process of the `aws` command for many command lines; `env` is its whole environment, except PATH. */
export function startAwsCommand(env: Readonly<Record<string, string>>): AwsCommand {
  const script = fileURLToPath(new URL("aws-command.py", import.meta.url));
  const child = spawn(`${python}`, [script], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let before: Promise<unknown> = Promise.resolve();
  return {
    run(...words) {
      const ended = before.then(async () => {
        child.stdin.write(`${JSON.stringify(words)}\n`);
        const { value } = await answers.next();
        const { code, stdout, stderr } = JSON.parse(value ?? '{"code":null,"stderr":"the process ended"}');
        if (code !== 0) throw new Error(`aws ${words.join(" ")} ended with ${code}: ${stderr}`);
        return stdout;
      });
      before = ended.catch(() => undefined);
      return ended;
    },
    async stop() {
      child.stdin.end();
      await closed;
    },
  };
}

export interface AwsCommandAtHome extends AwsCommand {
  /** Its home folder, where tests may put files. */
  home: string;
}

/**
 * Starts the command in a home folder of its own, with the credentials of the stand-in. Version 2
 * then reads blobs as version 1 does. `stop` removes the folder.
 */
export async function startAwsCommandAtHome(): Promise<AwsCommandAtHome> {
  const home = await mkdtemp(join(tmpdir(), "fota-aws-home-"));
  await mkdir(join(home, ".aws"));
  await writeFile(join(home, ".aws/config"), "[default]\ncli_binary_format = raw-in-base64-out\n"); // for version 2
  const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const command = startAwsCommand({ HOME: home, ...credentials, AWS_DEFAULT_REGION: "us-east-1" });
  const stop = async () => {
    await command.stop();
    await rm(home, { recursive: true, force: true });
  };
  return { home, run: command.run, stop };
}
