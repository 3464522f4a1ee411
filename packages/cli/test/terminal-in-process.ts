import { PassThrough } from "node:stream";
import { run } from "../src/program.js";

/** As on a terminal: what moves the cursor does nothing. */
function terminal(columns: number, rows: number) {
  const done = () => true;
  return Object.assign(new PassThrough({ highWaterMark: 2 ** 24 }), {
    isTTY: true,
    columns,
    rows,
    clearLine: done,
    cursorTo: done,
    moveCursor: done,
  });
}

export interface TerminalOptions {
  cwd: string;
  columns?: number;
  rows?: number;
  env?: Record<string, string | undefined>;
  /** What every question gets. */
  answer?: string;
  /** The command is interrupted as soon as one of its streams has this. */
  interruptAt?: string;
}

/** Runs one command line in this process, with all three streams a terminal of this size. */
export async function runOnTerminal(args: readonly string[], options: TerminalOptions) {
  const { cwd, columns = 80, rows = 24, env = {}, answer = "n", interruptAt } = options;
  const [stdin, stdout, stderr] = [terminal(columns, rows), terminal(columns, rows), terminal(columns, rows)];
  const interrupt = new AbortController();
  let [said, shown] = ["", ""];
  const look = (text: string) => {
    if (interruptAt !== undefined && text.includes(interruptAt)) interrupt.abort();
  };
  stderr.on("data", (piece: Buffer) => {
    said += String(piece);
    look(said);
    // The readline that asks is the one that reads: an answer before it is there would be lost.
    if (/[?\]:>] $/.test(String(piece))) stdin.write(`${answer}\n`);
  });
  stdout.on("data", (piece: Buffer) => {
    shown += String(piece);
    look(shown);
  });
  // AWS's settings and fota's are what `stubEnvironment` made of them.
  const clean = Object.entries(process.env).filter(([name]) => !/^(FORCE_COLOR|NO_COLOR|CI$)/.test(name));
  const host = {
    env: { ...Object.fromEntries(clean), TERM: "xterm", ...env },
    cwd,
    homeDir: cwd,
    stdin,
    stdout,
    stderr,
    signal: interrupt.signal,
  };
  const code = await run(args, host);
  return { code, stdout: shown, stderr: said };
}
