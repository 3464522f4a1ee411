import { confirmTrial } from "../bench/trial.js";
import { askDaemon } from "../control/client.js";
import type { Command } from "../program/program.js";
import { COMMON_HELP, change, JSON_OPTION } from "./device.js";

const HELP = `Usage: fota-agent confirm [options]

Confirms the running image, so that it boots from now on. The agent does that
itself after the self test; this command is for the bench. A job whose image
you confirm ends as SUCCEEDED.

${COMMON_HELP}`;

export const confirmCommand: Command = {
  summary: "confirm the running image",
  help: HELP,
  options: JSON_OPTION,
  args: [],
  run: (input, host) =>
    change(input, host, {
      ask: (socket) => askDaemon(socket, { command: "confirm" }),
      work: confirmTrial,
    }),
};
