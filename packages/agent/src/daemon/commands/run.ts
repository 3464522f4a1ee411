import { configPath, readConfig } from "../config/read.js";
import { checkConfig } from "../device/device.js";
import { daemonLog, isJournalStream } from "../program/log.js";
import type { Command } from "../program/program.js";
import { Daemon } from "../run/daemon.js";

const HELP = `Usage: fota-agent run [options]

Runs firmware updates until SIGTERM or Ctrl-C. SIGHUP reads the configuration
again. An update that is in progress continues at the next start.

  --config FILE  configuration (default: FOTA_AGENT_CONFIG in the environment,
                 or /etc/fota/agent.json)
  --help         show this text
`;

export const runCommand: Command = {
  summary: "run firmware updates",
  help: HELP,
  options: {},
  args: [],
  async run({ values }, host) {
    const source = { path: values["config"] as string | undefined, env: host.env, cwd: host.cwd };
    const isJournal = isJournalStream(host.env["JOURNAL_STREAM"]);
    const daemon = new Daemon({
      env: host.env,
      configPath: configPath(source),
      service: host.service,
      makeLog: (lowest) => daemonLog(lowest, isJournal, host.err),
      async read() {
        const config = await readConfig(source);
        await checkConfig(config);
        return config;
      },
    });
    const unsubscribe = [
      host.onSignal("SIGTERM", () => daemon.stop()),
      host.onSignal("SIGINT", () => daemon.stop()),
      host.onSignal("SIGHUP", () => void daemon.reload()),
    ];
    try {
      await daemon.run();
      return 0;
    } finally {
      for (const remove of unsubscribe) remove();
    }
  },
};
