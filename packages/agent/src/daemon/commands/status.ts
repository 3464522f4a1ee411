import { showBench } from "../bench/bench.js";
import { askDaemon, connectToDaemon } from "../control/client.js";
import type { Command } from "../program/program.js";
import { formatStatus } from "../status/format.js";
import type { Status } from "../status/result.js";
import { readStatus } from "../status/status.js";
import { COMMON_HELP, configOf, contextOf, JSON_OPTION } from "./device.js";

const HELP = `Usage: fota-agent status [options]

Shows what runs, the update in progress and how the last one ended. Asks the
daemon if it runs, and reads the saved state if it does not.

${COMMON_HELP}`;

export const statusCommand: Command = {
  summary: "show what runs and what the agent does",
  help: HELP,
  options: JSON_OPTION,
  args: [],
  async run(input, host) {
    const config = await configOf(input, host);
    const socket = await connectToDaemon(config.stateDir);
    const status =
      socket === undefined
        ? await readStatus(await showBench(config, contextOf(host)), null)
        : ((await askDaemon(socket, { command: "status" })) as Status);
    host.out(input.values["json"] === true ? `${JSON.stringify(status, null, 2)}\n` : formatStatus(status));
    return 0;
  },
};
