import { type Bench, type BenchContext, openBench } from "../bench/bench.js";
import type { Outcome } from "../bench/outcome.js";
import { type ConfigSource, readConfig } from "../config/read.js";
import type { Config } from "../config/schema.js";
import { connectToDaemon } from "../control/client.js";
import { takeStateFolder } from "../control/state-folder.js";
import type { Host } from "../program/host.js";
import { daemonLog } from "../program/log.js";
import type { CommandInput } from "../program/program.js";

export const COMMON_HELP = `  --config FILE  configuration (default: FOTA_AGENT_CONFIG in the environment,
                 or /etc/fota/agent.json)
  --json         print JSON
  --help         show this text
`;

export const JSON_OPTION = { json: { type: "boolean" } } as const;

/** Reads the configuration that the options and the environment name. @throws {FotaError} CONFIG_INVALID */
export async function configOf(input: CommandInput, host: Host): Promise<Config> {
  return await readConfig(configSource(input, host));
}

/** Returns where the configuration comes from. */
export function configSource({ values }: CommandInput, { env, cwd }: Host): ConfigSource {
  return { path: values["config"] as string | undefined, env, cwd };
}

/** Returns what a command opens the device with when no daemon runs. */
export function contextOf({ env, err }: Host): BenchContext {
  return { env, log: daemonLog(() => "warn", false, err) };
}

/**
 * Changes the device: asks the daemon, or works in this process if none runs. Prints the outcome, then restarts the
 * device if that is due.
 */
export async function change(
  input: CommandInput,
  host: Host,
  ways: {
    ask: (socket: NonNullable<Awaited<ReturnType<typeof connectToDaemon>>>) => Promise<unknown>;
    work: (bench: Bench) => Promise<Outcome>;
  },
): Promise<number> {
  const config = await configOf(input, host);
  const socket = await connectToDaemon(config.stateDir);
  if (socket !== undefined) {
    print((await ways.ask(socket)) as Outcome, input, host);
    return 0;
  }
  const context = contextOf(host);
  await takeStateFolder(config.stateDir, context.log);
  const bench = await openBench(config, context);
  const outcome = await ways.work(bench);
  print(outcome, input, host);
  if (outcome.restart) await bench.opened.slots.restart();
  return 0;
}

function print(outcome: Outcome, { values }: CommandInput, host: Host): void {
  host.out(values["json"] === true ? `${JSON.stringify(outcome, null, 2)}\n` : `${outcome.message}\n`);
}
