#!/usr/bin/env node
import { COMMANDS } from "./commands.js";
import { runProgram } from "./program/program.js";
import { takeServiceVariables } from "./program/service-variables.js";

process.exitCode = 70; // if the event loop runs empty before the command ends, that must not look like success
const service = takeServiceVariables(process.env);
void runProgram(process.argv.slice(2), COMMANDS, {
  env: process.env,
  service,
  cwd: process.cwd(),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  onSignal(signal, listener) {
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  },
}).then((exitCode) => {
  process.exitCode = exitCode;
});
