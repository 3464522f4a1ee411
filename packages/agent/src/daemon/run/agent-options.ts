import { setTimeout as sleep } from "node:timers/promises";
import type { FotaAgentOptions } from "../../fota-agent.js";
import type { Bench } from "../bench/bench.js";
import { isLocalBroker } from "../device/device.js";
import type { HookContext } from "../hooks/ask.js";
import { hooksFrom } from "../hooks/hooks.js";
import { runSelfTest } from "../hooks/self-test.js";
import { conditionsOf } from "../maintenance/conditions.js";
import { readDeviceFacts, readTrialFacts } from "./facts.js";

/** Time beyond the limit of an executable: to kill it, and to ask the slots. */
const MARGIN_MS = 30_000;

/** `FotaAgentOptions`, with a self test in any case. */
export type AgentOptions = FotaAgentOptions & { selfTest: () => Promise<boolean> };

/**
 * Returns the options of the agent that the configuration describes. `signal` returns what ends their work when the agent
 * stops.
 */
export function agentOptions(bench: Bench, hooks: HookContext, signal: () => AbortSignal): AgentOptions {
  const { config, opened } = bench;
  const { isRunning } = opened;
  const { download, allowDowngrade, trial } = config;
  const confirmAfterMs = trial.confirmAfterSeconds * 1000;
  return {
    allowDowngrade,
    allowLoopbackHttp: download.allowLoopbackHttp ?? isLocalBroker(config),
    ...(download.allowedHosts !== undefined && { allowedHosts: download.allowedHosts }),
    disconnectMqtt: false, // it notices a canceled job at once
    ...hooksFrom(hooks, {
      facts: () => readDeviceFacts(bench),
      signal,
      conditions: conditionsOf(config.maintenance),
    }),
    startJitterMs: config.maintenance.startJitterSeconds * 1000,
    hookTimeoutMs: hooks.config.timeLimitSeconds * 1000 + MARGIN_MS,
    async selfTest() {
      await sleep(confirmAfterMs, undefined, { signal: signal() });
      await runSelfTest(hooks, { facts: () => readTrialFacts(bench), signal });
      return isRunning === undefined || (await isRunning());
    },
    selfTestTimeoutMs: confirmAfterMs + hooks.config.selfTestTimeLimitSeconds * 1000 + MARGIN_MS,
  };
}
