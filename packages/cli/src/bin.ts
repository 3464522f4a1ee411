#!/usr/bin/env node
import module from "node:module";
import { homedir } from "node:os";
import packageJson from "../package.json" with { type: "json" };

// Node 22.8 and newer keep compiled code between runs; Node 20 has no such call.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();
// The AWS SDK warns of Node 20's age on stderr at its first client; the floor of fota is its own decision.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const argv = process.argv.slice(2);
// Asked by every installer and prompt: answered before anything else is loaded.
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.write(`${packageJson.version}\n`);
} else {
  await main();
}

async function main(): Promise<void> {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(130); // asked twice: whoever asks does not want to wait
      interrupt.abort();
    });
  }
  // `fota status | head`: the reader has gone, which is no fault of ours. Nor is a terminal that was closed (EIO).
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EIO" && interrupt.signal.aborted) return; // the command still ends in good order
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });

  const { run } = await import("./program.js");
  process.exitCode = await run(argv, {
    env: process.env,
    cwd: process.cwd(),
    homeDir: homedir(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interrupt.signal,
  });
  // What an interrupted command still has under way, such as a virtual device's download, is not waited for; nor is
  // what was too slow for a completion.
  if (interrupt.signal.aborted || argv[0] === "complete") process.exit();
}
