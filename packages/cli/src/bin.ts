import { homeFolder } from "./home-folder.js";
import type { Host } from "./host.js";

// The AWS SDK warns of Node 20's age on stderr at its first client; the floor of fota is its own decision.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const cwd = workingFolder();
const homeDir = homeFolder();
process.env["HOME"] ||= homeDir; // the AWS SDK fails where the system knows of no home

const argv = process.argv.slice(2);
/** Longest time that a command has to end after it was interrupted: `fota local` puts its state on the disk. */
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
// `fota status | head`: the reader has gone, which is no fault of ours. Nor is a terminal that was closed (EIO).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EIO" && interrupt.signal.aborted) return; // the command still ends in good order
  if (error.code === "EPIPE") process.exit(0);
  void failOutput(error);
});
process.stderr.on("error", () => {}); // nowhere to tell of it

void main();

/**
 * Ends the process at once. `process.exit` alone would wait for what Node's threads do, and that can be to wait without
 * end, as for a disk that does not answer.
 */
function endBy(signal: NodeJS.Signals): void {
  process.emit("exit", 130);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** A pipe or a terminal refuses later than in the call that writes. */
async function failOutput(error: Error): Promise<void> {
  const { outputFailed } = await import("./terminal/text.js");
  process.exit(await report(outputFailed(error)));
}

/** `undefined`: it was deleted. */
function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** All paths start there, and what is taken as its parents may be anybody's by now. */
async function failWorkingFolder(): Promise<void> {
  if (argv[0] === "complete") return; // a shell would take it for names
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
      if (interrupt.signal.aborted) endBy(signal); // asked twice: whoever asks does not want to wait
      interrupt.abort();
      setTimeout(() => endBy(signal), INTERRUPTED_MAX_MS).unref();
    });
  }
  if (cwd === undefined) return await failWorkingFolder();
  const { run } = await import("./program.js");
  process.exitCode = await run(argv, host);
  // What an interrupted command still has under way, such as a virtual device's download, is not waited for; nor is
  // what was too slow for a completion.
  if (interrupt.signal.aborted || argv[0] === "complete") process.exit();
}
