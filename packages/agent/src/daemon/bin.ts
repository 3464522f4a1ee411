#!/usr/bin/env node
import { runCommand } from "./commands/run.js";
import { runProgram } from "./program/program.js";

process.exitCode = 70; // if the event loop runs empty before the command ends, that must not look like success
void runProgram(
  process.argv.slice(2),
  { run: runCommand },
  {
    env: process.env,
    cwd: process.cwd(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => void process.off(signal, listener);
    },
  },
).then((exitCode) => {
  process.exitCode = exitCode;
});
