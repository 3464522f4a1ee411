import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
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
