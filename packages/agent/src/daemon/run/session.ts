import type { Log, Mqtt } from "../../core/ports.js";
import { FotaAgent } from "../../fota-agent.js";
import { type Job, Jobs } from "../../jobs.js";
import { connectThing } from "../../node/mqtt.js";
import { type Bench, openBench, readSituation } from "../bench/bench.js";
import type { Config } from "../config/schema.js";
import { connectionOf } from "../device/device.js";
import { killAbandonedRuns } from "../executable/marks.js";
import { AfterHooks } from "../hooks/after.js";
import type { HookContext } from "../hooks/ask.js";
import { warnOfHookFaults } from "../hooks/names.js";
import { DownloadWatch } from "../jobs/download-watch.js";
import { JobHandlers } from "../jobs/handlers.js";
import { type AgentOptions, agentOptions } from "./agent-options.js";
import { bootLine } from "./boot-line.js";
import { readDeviceFacts } from "./facts.js";
import { sessionEnded } from "./interruptible.js";
import type { StatusBoard } from "./live-status.js";
import { type Liveness, stepLimitMs } from "./liveness.js";
import { finishInstall } from "./manual-install.js";
import { describeError, retrying } from "./retrying.js";
import { limitTrial } from "./trial-limit.js";

export interface SessionContext {
  env: Readonly<Record<string, string | undefined>>;
  log: Log;
  board: StatusBoard;
  liveness: Liveness;
  /** Ends the session. */
  signal: AbortSignal;
  /** Called when the device has booted again and this process has not ended. */
  onBoot: () => void;
  /** Called when the device can be used, until the session ends. */
  onOpen: (desk: Desk) => void;
}

/** What a command works on while the daemon runs. */
export interface Desk {
  bench: Bench;
  /**
   * Runs `work` while the agent does nothing.
   * @throws {FotaError} DEVICE_BUSY if the session has ended
   */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Is aborted when the session ends, which then waits for the work of commands. */
  signal: AbortSignal;
}

/**
 * Runs the agent with one configuration, for one boot of the device, until `signal` is aborted. Waits for the slots and
 * for the broker as long as it takes. Resolves when all work has ended.
 */
export async function runSession(config: Config, context: SessionContext): Promise<void> {
  const { log, board, signal, liveness } = context;
  liveness.limitSteps(stepLimitMs(config, 0));
  const retry = (step: string) => ({
    log,
    signal,
    onAttempt: () => liveness.note(step),
    onProblem: (problem: string) => board.set({ problem }),
  });
  const closers: (() => void | Promise<void>)[] = [];
  try {
    board.set({ link: "opening", problem: undefined, update: undefined, continuesAtMs: undefined });
    const bench = await retrying(() => openBench(config, context), retry("opening the slots"));
    const { slotSizeBytes } = await retrying(() => bench.opened.slots.record(), retry("opening the slots"));
    liveness.limitSteps(stepLimitMs(config, slotSizeBytes));
    const line = await retrying(() => bootLine(bench), retry("opening the slots"));
    if (line !== undefined) log(...line);
    const executables = { stateDir: config.stateDir, env: context.env, log };
    const hooks = { ...executables, config: config.hooks };
    const facts = () => readDeviceFacts(bench);
    const abandoned = await retrying(() => killAbandonedRuns(config.stateDir), retry("starting"));
    if (abandoned.length > 0) log("warn", `killed what an earlier run left (pid ${abandoned.join(", ")})`);
    await warnOfHookFaults(config.hooks.dir, log);
    const after = new AfterHooks(hooks, { facts, signal: () => signal });
    after.start();
    closers.push(() => after.ended());
    const handlers = new JobHandlers({ ...executables, config: config.jobs, facts, signal });
    closers.push(() => handlers.ended());
    const agent = new SessionAgent(bench, hooks, after, handlers, liveness);
    closers.push(limitTrial(bench, config.trial.revertAfterSeconds * 1000, log));
    closers.push(bench.opened.onBoot?.(context.onBoot) ?? (() => {}));
    closers.push(() => agent.stop());
    context.onOpen({ bench, exclusively: (work) => agent.exclusively(work), signal });

    board.set({ link: "connecting", problem: undefined });
    const thing = await retrying(
      () => connectThing({ ...connectionOf(config), log, ...watchLink(board) }),
      retry("connecting"),
    );
    closers.push(() => thing.disconnect());
    board.set({ link: "connected", problem: undefined });
    log("info", `connected to ${config.endpoint} as ${config.thingName}`);
    const starting = agent.start(thing, board, log);
    closers.push(async () => {
      await agent.stop();
      await starting;
    });
    await aborted(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    liveness.note("ending the session");
    for (const close of closers.reverse()) await close();
  }
}

function watchLink(board: StatusBoard) {
  return {
    onConnectionChange: (isUp: boolean) => board.set({ link: isUp ? "connected" : "disconnected" }),
  };
}

/** The agent of a session, which can pause for a command. */
class SessionAgent {
  readonly #bench: Bench;
  readonly #after: AfterHooks;
  readonly #handlers: JobHandlers;
  readonly #liveness: Liveness;
  readonly #options: AgentOptions;
  #agent: FotaAgent | undefined;
  /** Ends what the self test has started. */
  #work = new AbortController();
  #isStopped = false;
  #lastCommand: Promise<unknown> = Promise.resolve();

  constructor(
    bench: Bench,
    hooks: HookContext,
    after: AfterHooks,
    handlers: JobHandlers,
    liveness: Liveness,
  ) {
    this.#bench = bench;
    this.#after = after;
    this.#handlers = handlers;
    this.#liveness = liveness;
    this.#options = agentOptions(bench, hooks, () => this.#work.signal);
  }

  /**
   * Starts the agent, after the trial of an image that was installed by hand has ended, and when no command works on the
   * device: the broker may be reached in the middle of one. Never rejects.
   */
  async start(thing: Mqtt, board: StatusBoard, log: Log): Promise<void> {
    const { opened, device } = this.#bench;
    const liveness = this.#liveness;
    await this.#commandsEnded();
    if (this.#isStopped) return;
    liveness.note("ending the trial of an installed image");
    try {
      const isDue = await this.#finishInstall();
      if (isDue) await opened.slots.restart();
      else this.#after.start();
    } catch (error) {
      log("error", `cannot end the trial of the installed image: ${describeError(error)}`);
    }
    await this.#commandsEnded();
    if (this.#isStopped) return;
    const watched = { ...device, state: this.#after.watching(device.state) };
    const jobs = new Jobs(thing);
    const take = (job: Job) => this.#handlers.take(job);
    const agent = new FotaAgent(watched, jobs, { ...this.#options, jobCallback: take });
    const downloads = new DownloadWatch(jobs, take, log);
    agent.on("working", () => liveness.note("looking for jobs"));
    agent.on("progress", (update) => {
      liveness.note(`update: ${update.phase ?? "reporting"}`);
      downloads.note(update.phase);
      board.set({ update, continuesAtMs: undefined });
    });
    agent.on("waiting", ({ delayMs }) => {
      liveness.note("waiting to try again", delayMs);
      downloads.note(undefined);
      board.set({ continuesAtMs: performance.now() + delayMs });
    });
    agent.on("idle", () => {
      liveness.rest();
      downloads.note(undefined);
      board.set({ update: undefined, continuesAtMs: undefined });
    });
    agent.start();
    this.#agent = agent;
    this.#handlers.resume(jobs);
  }

  /** As `finishInstall`, and notes the hook that is due after it. */
  async #finishInstall(): Promise<boolean> {
    const { history } = this.#bench;
    const { install } = await history.load();
    const isDue = await finishInstall(this.#bench, this.#options.selfTest, () => this.#isStopped);
    const { install: left, last } = await history.load();
    if (install === undefined || left !== undefined || last === undefined) return isDue;
    const { slot, sizeBytes, md5, version } = install;
    const { status, reason, detail } = last;
    await this.#after.note(status === "SUCCEEDED" ? "after-confirm" : "after-revert", {
      image: { slot, sizeBytes, md5, version },
      result: { status, reason, detail },
    });
    return isDue;
  }

  /** Notes the end of an install that a command has ended, before the agent takes a job. Never rejects. */
  async #endInstall(): Promise<void> {
    if (this.#agent === undefined || this.#isStopped) return; // `start` does it
    try {
      if ((await readSituation(this.#bench)).boot !== "settled") return;
      await this.#finishInstall();
      this.#after.start();
    } catch (error) {
      this.#bench.device.log("error", `cannot note the end of the install: ${describeError(error)}`);
    }
  }

  /** Ends the work of the agent, and waits for that of commands. Safe to call twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#pause();
    await this.#commandsEnded();
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#lastCommand.then(async () => {
      if (this.#isStopped) throw sessionEnded();
      await this.#pause();
      this.#liveness.note("carrying out a command");
      try {
        return await work();
      } finally {
        await this.#endInstall();
        this.#resume();
      }
    });
    this.#lastCommand = running.catch(() => {});
    return await running;
  }

  /** Resolves when no command works on the device or waits to. */
  async #commandsEnded(): Promise<void> {
    for (let last: unknown; last !== this.#lastCommand; ) {
      last = this.#lastCommand;
      await last;
    }
  }

  async #pause(): Promise<void> {
    const stopped = this.#agent?.stop(); // first: what a self test answers after this decides nothing
    if (this.#agent !== undefined || this.#isStopped) this.#work.abort();
    await stopped;
  }

  #resume(): void {
    if (this.#isStopped) return;
    if (this.#agent !== undefined) this.#work = new AbortController();
    this.#agent?.start();
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
