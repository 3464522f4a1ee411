import { PassThrough } from "node:stream";
import { run } from "../src/program.js";
import { textIn } from "./text-in.js";

export interface RunOptions {
  cwd: string;
  homeDir?: string;
  env?: Record<string, string>;
  /** What is typed, on a terminal; without it stdin is none. */
  typed?: readonly string[];
  signal?: AbortSignal;
  /** What a pipe has for stdin. */
  stdin?: string;
  /** Called with all of stderr so far, each time that there is more. */
  onStderr?: (text: string) => void;
}

/** What a spinner and a prompt ask of a terminal. */
const TERMINAL = {
  columns: 100,
  cursorTo: () => true,
  clearLine: () => true,
  moveCursor: () => true,
};

/** Runs one command line in this process; the environment is this process's with `env` over it. */
export async function runFota(args: readonly string[], options: RunOptions) {
  const { cwd, homeDir = cwd, env = {}, typed, signal = new AbortController().signal } = options;
  const isTTY = typed !== undefined;
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  if (options.stdin !== undefined) stdin.end(options.stdin);
  const answers = [...(typed ?? [])];
  let said = "";
  stderr.on("data", (piece: Buffer) => {
    said += piece.toString();
    options.onStderr?.(said);
    // An answer goes out when its question is there, as with a person.
    if (isTTY && /[?\]:>] $/.test(piece.toString())) stdin.write(`${answers.shift() ?? ""}\n`);
  });
  const host = {
    env: { ...process.env, ...(isTTY && { CI: "" }), ...env },
    cwd,
    homeDir,
    stdin: Object.assign(stdin, { isTTY }),
    stdout,
    stderr: Object.assign(stderr, isTTY ? TERMINAL : {}, { isTTY }),
    signal,
  };
  const code = await run(args, host);
  return { code, stdout: textIn(stdout), stderr: said };
}
