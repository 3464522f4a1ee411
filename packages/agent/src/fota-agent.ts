import { messageOf, type UpdateReport } from "@fota/shared";
import { type BackoffPolicy, backoffMs } from "./core/backoff.js";
import { withTimeout } from "./core/deadline.js";
import { Interruption } from "./core/interruption.js";
import { pause } from "./core/pause.js";
import type { Clock, Device } from "./core/ports.js";
import {
  type FotaOptions,
  type HandleFotaJobsOptions,
  type PassSettings,
  passSettings,
} from "./fota-options.js";
import type { Jobs } from "./jobs.js";
import { type PassResult, UpdateEngine } from "./update-engine.js";

export interface FotaAgentOptions
  extends Omit<FotaOptions, "onProgress">,
    Omit<HandleFotaJobsOptions, "force"> {
  /**
   * Longest random delay before the agent looks for jobs, at the start and after a notification, so that a fleet does
   * not fetch a new job all at once. An update in progress never waits.
   * @default 0
   */
  startJitterMs?: number;
  /**
   * Calls each pass of the agent over its jobs when it may start. Lets a program with thousands of agents run only some
   * passes at once: each downloads and holds its memory.
   * @default at once
   */
  inTurn?: <T>(pass: () => Promise<T>) => Promise<T>;
  /** Delays before the agent tries again after an error of link, service or device. Default: 5 s to 5 min. */
  retry?: BackoffPolicy;
  /**
   * How long `stop` waits for work in progress.
   * @default 15_000
   */
  stopTimeoutMs?: number;
}

/** The events of `FotaAgent.on`. */
export interface FotaAgentEvents {
  /** Each phase of an update, and each write of its image. */
  progress: UpdateReport;
  /** The agent begins to work: it continues an update, or looks for jobs. */
  working: undefined;
  /** Work is left. The agent continues after `delayMs`, or earlier after a notification. */
  waiting: { delayMs: number };
  /** No pending job is left to do. */
  idle: undefined;
  /** A reset is due, and `autoReset` is off: call `reset` when it suits. */
  resetDue: undefined;
}

type Listener<Event> = (event: Event) => void;

/** Longest wait in one piece: timers of many engines count milliseconds in 31 bits. */
const TIMER_MAX_MS = 86_400_000;

/** The work between `start` and `stop`. */
interface Run {
  stop: Interruption;
  ended: Promise<void>;
}

/**
 * Runs firmware updates in the background: waits for a notification or a reconnect, and tries again after errors. The
 * connection belongs to the caller: `stop` does not close it.
 *
 * After a power cut, `start` continues the update in the phase that was saved. On a device with trusted keys, new keys
 * are saved before the slot is erased. The sequence number and the time are saved after the confirm and before the
 * report, so a job that SUCCEEDED has raised them.
 */
export class FotaAgent {
  readonly #device: Device;
  readonly #jobs: Jobs;
  readonly #options: FotaAgentOptions;
  readonly #settings: PassSettings;
  readonly #engine: UpdateEngine;
  readonly #listeners: { [Name in keyof FotaAgentEvents]: Set<Listener<FotaAgentEvents[Name]>> } = {
    progress: new Set(),
    working: new Set(),
    waiting: new Set(),
    idle: new Set(),
    resetDue: new Set(),
  };
  #run: Run | undefined;
  /** Resolves when the previous run has ended, which may be after `stop` returned. */
  #previousRun: Promise<void> = Promise.resolve();

  constructor(device: Device, jobs: Jobs, options: FotaAgentOptions = {}) {
    this.#jobs = jobs;
    this.#options = options;
    this.#settings = passSettings(options);
    this.#engine = new UpdateEngine(device, {
      ...options,
      onProgress: (report) => this.#emit("progress", report),
    });
    this.#device = this.#engine.device;
  }

  /** Calls `listener` for each event `name` until the returned function is called. Logs what the listener throws. */
  on<Name extends keyof FotaAgentEvents>(name: Name, listener: Listener<FotaAgentEvents[Name]>): () => void {
    const listeners: Set<Listener<FotaAgentEvents[Name]>> = this.#listeners[name];
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /**
   * Continues an interrupted update from its saved state, looks for jobs, then waits for notifications. Returns at once.
   * Safe to call twice.
   */
  start(): void {
    if (this.#run !== undefined) return;
    const stop = new Interruption();
    const ended = this.#previousRun.then(() => this.#work(stop));
    this.#run = { stop, ended };
    this.#previousRun = ended;
  }

  /**
   * Interrupts a download, starts no further work, and resolves when all work has ended, or after `stopTimeoutMs`. The
   * state is saved: the next `start` continues, also in another process.
   */
  async stop(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    run.stop.interrupt("stopped");
    const limitMs = this.#options.stopTimeoutMs ?? 15_000;
    const late = `still running after ${limitMs} ms`;
    await withTimeout(this.#device.clock, limitMs, run.ended, late).catch((error: unknown) => {
      this.#device.log("warn", `stop: ${messageOf(error)}`);
    });
  }

  /** Restarts the device. Call it after `resetDue` if `autoReset` is off. */
  async reset(): Promise<void> {
    await this.#device.slots.restart();
  }

  async #work(stop: Interruption): Promise<void> {
    this.#engine.runner.forget(); // since `stop`, another one may have worked on the device
    const signal = new WakeSignal(this.#jobs, this.#device.clock);
    try {
      let force = true;
      // The first pass does not look for jobs: an update in progress, or on trial, must not wait for the jitter.
      let result = await this.#runPass(false, stop);
      for (let failures = 0; stop.reason === undefined && !this.#awaitsReset(result); force = false) {
        const deferMs = result.kind === "waiting" ? result.delayMs : undefined;
        failures = result.kind === "idle" || deferMs !== undefined ? 0 : failures + 1;
        if (deferMs !== undefined) await this.#waitFor(deferMs, signal, stop);
        else if (failures > 0) await this.#backOff(failures, signal, stop);
        else
          await this.#waitForJobs(force, signal, stop, result.kind === "idle" ? result.againMs : undefined);
        if (stop.reason !== undefined) break;
        signal.clear();
        result = await this.#runPass(force, stop);
      }
    } finally {
      signal.close();
    }
  }

  async #runPass(force: boolean, stop: Interruption): Promise<PassResult> {
    const { inTurn = (pass) => pass() } = this.#options;
    return await inTurn(async () => {
      if (stop.reason !== undefined) return { kind: "idle" }; // stopped before its turn
      this.#emit("working", undefined);
      return await this.#engine.runPass(this.#jobs, { ...this.#settings, force }, stop);
    });
  }

  /** With `autoReset`, a reset that is still due has failed and is tried again. */
  #awaitsReset({ kind }: PassResult): boolean {
    if (kind !== "resetDue" || this.#settings.autoReset) return false;
    this.#emit("resetDue", undefined);
    return true;
  }

  /** Drops notifications that came during the failed pass: the next pass looks for jobs anyway. */
  async #backOff(failures: number, signal: WakeSignal, stop: Interruption): Promise<void> {
    const { random } = this.#device;
    const policy = this.#options.retry ?? { baseMs: 5_000, maxMs: 300_000 };
    signal.clear();
    await this.#waitFor(backoffMs(failures, policy, random.next()), signal, stop);
  }

  async #waitFor(delayMs: number, signal: WakeSignal, stop: Interruption): Promise<void> {
    this.#emit("waiting", { delayMs });
    await signal.wait(stop, delayMs);
  }

  /** Waits for a notification, at most `limitMs` milliseconds if it is given. With `force`, does not wait. */
  async #waitForJobs(
    force: boolean,
    signal: WakeSignal,
    stop: Interruption,
    limitMs: number | undefined,
  ): Promise<void> {
    const { startJitterMs = 0 } = this.#options;
    const { clock, random } = this.#device;
    if (!force) {
      this.#emit("idle", undefined);
      await signal.wait(stop, limitMs);
    }
    if (startJitterMs > 0) await pause(clock, Math.floor(random.next() * startJitterMs), stop);
  }

  #emit<Name extends keyof FotaAgentEvents>(name: Name, event: FotaAgentEvents[Name]): void {
    const listeners: Set<Listener<FotaAgentEvents[Name]>> = this.#listeners[name];
    for (const listener of [...listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#device.log("warn", `a listener of ${name} threw: ${messageOf(error)}`);
      }
    }
  }
}

/** Remembers a notification until `clear`, so that none is missed between two waits. */
class WakeSignal {
  #isNotified = false;
  #wake: () => void = () => {};
  readonly #clock: Clock;
  readonly close: () => void;

  constructor(jobs: Jobs, clock: Clock) {
    this.#clock = clock;
    this.close = jobs.onChange(() => {
      this.#isNotified = true;
      this.#wake();
    });
  }

  clear(): void {
    this.#isNotified = false;
  }

  /** Resolves after a notification, on `stop`, or after `limitMs` milliseconds if that is given. */
  async wait(stop: Interruption, limitMs?: number): Promise<void> {
    if (this.#isNotified) return;
    let cancels: (() => void)[] = [];
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      cancels = [stop.onInterrupt(resolve)];
      if (limitMs !== undefined) cancels.push(this.#clock.after(Math.min(limitMs, TIMER_MAX_MS), resolve));
    });
    for (const cancel of cancels) cancel();
  }
}
