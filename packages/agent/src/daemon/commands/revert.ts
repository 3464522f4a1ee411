import { revertTrial } from "../bench/trial.js";
import { askDaemon } from "../control/client.js";
import type { Command } from "../program/program.js";
import { COMMON_HELP, change, JSON_OPTION } from "./device.js";

const HELP = `Usage: fota-agent revert [options]

Ends the trial of a new image: the last confirmed image boots again, and the
device restarts if the new image runs. Its job ends as FAILED, with the cause
reverted-by-hand.

${COMMON_HELP}`;

export const revertCommand: Command = {
  summary: "end the trial of a new image",
  help: HELP,
  options: JSON_OPTION,
  args: [],
  run: (input, host) =>
    change(input, host, {
      ask: (socket) => askDaemon(socket, { command: "revert" }),
      work: revertTrial,
    }),
};
