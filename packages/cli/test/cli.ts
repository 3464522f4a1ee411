import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const FOTA = fileURLToPath(new URL("../dist/fota.cjs", import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** The first line of stdout, past or to come, that `matches`; rejects when the process ends without one. */
  line(matches: (line: string) => boolean): Promise<string>;
  ended: Promise<Ended>;
}

/** Starts the real binary with nothing of this process's AWS settings. @param via command that runs it */
export function startFota(
  args: readonly string[],
  env: Record<string, string> = {},
  via: readonly string[] = [],
): Running {
  const clean = Object.entries(process.env).filter(([name]) => !/^(AWS_|FOTA_|FORCE_COLOR)/.test(name));
  const isolated = { AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
  const options = { AWS_EC2_METADATA_DISABLED: "true", ...isolated, ...env };
  const [file, ...words] = [...via, process.execPath, FOTA, ...args] as [string, ...string[]];
  const child = spawn(file, words, {
    env: { ...Object.fromEntries(clean), ...options },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const waiting = new Set<(line: string | undefined) => void>();
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (piece: Buffer) => {
    stdout += piece.toString();
  });
  child.stderr.on("data", (piece: Buffer) => {
    stderr += piece.toString();
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const tell of waiting) tell(line);
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => {
      for (const tell of waiting) tell(undefined);
      resolve({ code, stdout, stderr });
    });
  });
  const line = (matches: (line: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const seen = lines.find(matches);
      if (seen !== undefined) return resolve(seen);
      const tell = (text: string | undefined) => {
        if (text !== undefined && !matches(text)) return;
        waiting.delete(tell);
        if (text === undefined) reject(new Error(`ended without the line; stderr: ${stderr}`));
        else resolve(text);
      };
      waiting.add(tell);
    });
  return { child, line, ended };
}

export async function fota(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return await startFota(args, env).ended;
}
