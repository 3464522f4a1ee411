import { setTimeout as sleep } from "node:timers/promises";
import type { FotaAgentOptions } from "../../fota-agent.js";
import type { Config } from "../config/schema.js";
import { isLocalBroker } from "../device/device.js";
import type { OpenedSlots } from "../slots/adapter.js";

/** Time for the self test itself, beyond the time that the image must run. */
const SELF_TEST_LIMIT_MS = 60_000;

/** `FotaAgentOptions`, with a self test in any case. */
export type AgentOptions = FotaAgentOptions & { selfTest: () => Promise<boolean> };

/**
 * Returns the options of the agent that the configuration describes. `signal` returns what ends their work when the agent
 * stops.
 */
export function agentOptions(
  config: Config,
  { isRunning }: OpenedSlots,
  signal: () => AbortSignal,
): AgentOptions {
  const { download, allowDowngrade, trial } = config;
  const confirmAfterMs = trial.confirmAfterSeconds * 1000;
  return {
    allowDowngrade,
    allowLoopbackHttp: download.allowLoopbackHttp ?? isLocalBroker(config),
    ...(download.allowedHosts !== undefined && { allowedHosts: download.allowedHosts }),
    disconnectMqtt: false, // it notices a canceled job at once
    async selfTest() {
      await sleep(confirmAfterMs, undefined, { signal: signal() });
      return isRunning === undefined || (await isRunning());
    },
    selfTestTimeoutMs: confirmAfterMs + SELF_TEST_LIMIT_MS,
  };
}
