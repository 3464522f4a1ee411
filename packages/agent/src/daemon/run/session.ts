import type { Log } from "../../core/ports.js";
import { FotaAgent } from "../../fota-agent.js";
import { Jobs } from "../../jobs.js";
import { connectThing } from "../../node/mqtt.js";
import type { Config } from "../config/schema.js";
import { connectionOf, deviceOf } from "../device/device.js";
import { configuredVersion } from "../device/firmware-version.js";
import { openSlots } from "../slots/adapters.js";
import { agentOptions } from "./agent-options.js";
import type { StatusBoard } from "./live-status.js";
import { retrying } from "./retrying.js";

export interface SessionContext {
  env: Readonly<Record<string, string | undefined>>;
  log: Log;
  board: StatusBoard;
  /** Ends the session. */
  signal: AbortSignal;
  /** Called when the device has booted again and this process has not ended. */
  onBoot: () => void;
}

/**
 * Runs the agent with one configuration, for one boot of the device, until `signal` is aborted. Waits for the slots and
 * for the broker as long as it takes. Resolves when all work has ended.
 */
export async function runSession(config: Config, context: SessionContext): Promise<void> {
  const { env, log, board, signal, onBoot } = context;
  const onProblem = (problem: string) => board.set({ problem });
  const closers: (() => void | Promise<void>)[] = [];
  try {
    board.set({ link: "opening", problem: undefined, update: undefined, waitingMs: undefined });
    const opened = await retrying(
      async () => {
        const slots = await openSlots(config.slots, { stateDir: config.stateDir, env, log });
        await slots.slots.record();
        return slots;
      },
      { log, signal, onProblem },
    );
    const unwatch = opened.onBoot?.(onBoot);
    if (unwatch !== undefined) closers.push(unwatch);
    const { slots } = opened;
    const device = await retrying(
      async () => deviceOf(config, { slots, firmwareVersion: await configuredVersion(config), log }),
      { log, signal, onProblem },
    );
    board.set({ link: "connecting", problem: undefined });
    const thing = await retrying(
      () =>
        connectThing({
          ...connectionOf(config),
          log,
          onConnectionChange: (isUp) => board.set({ link: isUp ? "connected" : "disconnected" }),
        }),
      { log, signal, onProblem },
    );
    closers.push(() => thing.disconnect());
    board.set({ link: "connected", problem: undefined });
    log("info", `connected to ${config.endpoint} as ${config.thingName}`);
    const stopping = new AbortController();
    const agent = new FotaAgent(device, new Jobs(thing), agentOptions(config, opened, stopping.signal));
    agent.on("progress", (update) => board.set({ update, waitingMs: undefined }));
    agent.on("waiting", ({ delayMs }) => board.set({ waitingMs: delayMs }));
    agent.on("idle", () => board.set({ update: undefined, waitingMs: undefined }));
    closers.push(async () => {
      const stopped = agent.stop(); // first: what a self test answers after this decides nothing
      stopping.abort();
      await stopped;
    });
    agent.start();
    await aborted(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
