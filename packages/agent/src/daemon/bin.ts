#!/usr/bin/env node
import { COMMANDS } from "./commands.js";
import { runProgram } from "./program/program.js";
import { takeServiceVariables } from "./program/service-variables.js";

process.exitCode = 70; // if the event loop runs empty before the command ends, that must not look like success
let outputFailed = false;
const service = takeServiceVariables(process.env);
// In `fota-agent check | head`, the reader goes away: the command still ends its work.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.stderr.write(`error: cannot write the output: ${error.message} (OUTPUT_FAILED)\n`);
  outputFailed = true;
  process.exitCode ||= 1;
});

void runProgram(process.argv.slice(2), COMMANDS, {
  env: process.env,
  service,
  cwd: process.cwd(),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  redraw: process.stderr.isTTY ? (line) => void process.stderr.write(`\r${line}`) : undefined,
  onSignal(signal, listener) {
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  },
}).then((exitCode) => {
  process.exitCode = exitCode === 0 && outputFailed ? 1 : exitCode;
});
