import { homeFolder } from "./home-folder.js";
import type { Host } from "./host.js";

// The AWS SDK warns about the age of Node 20 on stderr when its first client is created; fota decides itself which
// versions it supports.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const cwd = workingFolder();
const homeDir = homeFolder();
process.env["HOME"] ||= homeDir; // the AWS SDK fails if the system knows no home folder

const argv = process.argv.slice(2);
/** Limits the time that an interrupted command has to end: `fota local` saves its state to disk. */
const INTERRUPTED_MAX_MS = 10_000;
const interrupt = new AbortController();
const host: Host = {
  env: process.env,
  cwd: cwd ?? "/",
  homeDir,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupt.signal,
};
// In `fota status | head`, the reader goes away, which is no error. Nor is a terminal that was closed (EIO).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EIO" && interrupt.signal.aborted) return; // the command still ends normally
  if (error.code === "EPIPE") process.exit(0);
  void failOutput(error);
});
process.stderr.on("error", () => {}); // there is no place to report it

void main();

/**
 * Ends the process at once. `process.exit` alone would wait for Node's threads, which may block forever, for example on
 * a disk that does not respond.
 */
function endBy(signal: NodeJS.Signals): void {
  process.emit("exit", 130);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** Reports a failed write: a pipe or a terminal fails after the call that writes. */
async function failOutput(error: Error): Promise<void> {
  const { outputFailed } = await import("./terminal/text.js");
  process.exit(await report(outputFailed(error)));
}

/** Returns the working folder; `undefined` if it was deleted. */
function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/**
 * Reports a deleted working folder: all relative paths start there, and its former parents may belong to another user
 * now.
 */
async function failWorkingFolder(): Promise<void> {
  if (argv[0] === "complete") return; // a shell would take the text for names
  const { FotaError } = await import("@fota/shared");
  const hint = "cd to a folder that exists";
  process.exitCode = await report(new FotaError("USAGE", "the working folder no longer exists", { hint }));
}

async function report(error: Error): Promise<number> {
  const { reportError } = await import("./report-error.js");
  const [json, color] = [argv.includes("--json"), !argv.includes("--no-color")];
  return reportError(error, host, { json, color });
}

async function main(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) endBy(signal); // the user asked twice and does not want to wait
      interrupt.abort();
      setTimeout(() => endBy(signal), INTERRUPTED_MAX_MS).unref();
    });
  }
  if (cwd === undefined) return await failWorkingFolder();
  const { run } = await import("./program.js");
  process.exitCode = await run(argv, host);
  // Do not wait for what an interrupted command still runs, such as a virtual device's download, nor for what was too
  // slow for a completion.
  if (interrupt.signal.aborted || argv[0] === "complete") process.exit();
}
