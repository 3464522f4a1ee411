import { FotaError, messageOf, type UpdateReport } from "@fota/shared";
import { type BackoffPolicy, backoffMs } from "./core/backoff.js";
import { withDeadline } from "./core/deadline.js";
import { Interruption } from "./core/interruption.js";
import { pause } from "./core/pause.js";
import type { Device } from "./core/ports.js";
import { withPrintableLog } from "./core/printable-log.js";
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
   * Each look for jobs, at the start and after a notification, waits a random part of this, so that a fleet that is
   * told of a job at one moment does not fetch at one moment. An update under way never waits. 0 unless given.
   */
  startJitterMs?: number;
  /** Delays before work that the link, the service or the device let down is taken up again. 5 s to 5 min unless given. */
  retry?: BackoffPolicy;
  /** How long `stop` waits for what is under way. 15,000 unless given. */
  stopTimeoutMs?: number;
}

/** What `FotaAgent.on` tells of. */
export interface FotaAgentEvents {
  /** Each phase of an update, and each write of its image. */
  progress: UpdateReport;
  /** Something is left to do; it is taken up after so long, or earlier when the service sends word. */
  waiting: { delayMs: number };
  /** All that the service asked for so far is done. */
  idle: undefined;
  /** A reset is due, and `autoReset` is off: call `reset` when it suits. */
  resetDue: undefined;
}

type Listener<Event> = (event: Event) => void;

/** Longest wait in one piece: timers of many engines count milliseconds in 31 bits. */
const TIMER_MAX_MS = 86_400_000;

/** From `start` to `stop`. */
interface Run {
  stop: Interruption;
  ended: Promise<void>;
}

/**
 * Firmware updates for builds that want no loop: sleeps until the service sends word of a job or the connection comes
 * back, and takes up again what failed. The connection stays its caller's: `stop` leaves it as it is.
 */
export class FotaAgent {
  readonly #device: Device;
  readonly #jobs: Jobs;
  readonly #options: FotaAgentOptions;
  readonly #settings: PassSettings;
  readonly #engine: UpdateEngine;
  readonly #listeners: { [Name in keyof FotaAgentEvents]: Set<Listener<FotaAgentEvents[Name]>> } = {
    progress: new Set(),
    waiting: new Set(),
    idle: new Set(),
    resetDue: new Set(),
  };
  #run: Run | undefined;
  /** The run before, which `stop` may have left at work. */
  #previousRun: Promise<void> = Promise.resolve();

  constructor(device: Device, jobs: Jobs, options: FotaAgentOptions = {}) {
    this.#device = withPrintableLog(device);
    this.#jobs = jobs;
    this.#options = options;
    this.#settings = passSettings(options);
    this.#engine = new UpdateEngine(device, {
      ...options,
      onProgress: (report) => this.#emit("progress", report),
    });
  }

  /** Calls `listener` for each such event, until the returned function is called. What it throws is logged. */
  on<Name extends keyof FotaAgentEvents>(name: Name, listener: Listener<FotaAgentEvents[Name]>): () => void {
    const listeners: Set<Listener<FotaAgentEvents[Name]>> = this.#listeners[name];
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Takes an interrupted update up and looks for jobs, then waits for word. Returns at once; once started, does nothing. */
  start(): void {
    if (this.#run !== undefined) return;
    const stop = new Interruption();
    const ended = this.#previousRun.then(() => this.#work(stop));
    this.#run = { stop, ended };
    this.#previousRun = ended;
  }

  /**
   * Begins nothing more, ends a download where it is, and resolves when all rests, at the latest after `stopTimeoutMs`.
   * The state is kept: the next `start` goes on, in this process or another.
   */
  async stop(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    run.stop.interrupt("stopped");
    const limitMs = this.#options.stopTimeoutMs ?? 15_000;
    const late = () => new FotaError("REQUEST_TIMED_OUT", `still at work after ${limitMs} ms`);
    await withDeadline(this.#device.clock, limitMs, run.ended, late).catch((error: unknown) => {
      this.#device.log("warn", `stop: ${messageOf(error)}`);
    });
  }

  /** Restarts the device: for builds with `autoReset` off. */
  async reset(): Promise<void> {
    await this.#device.slots.restart();
  }

  async #work(stop: Interruption): Promise<void> {
    const signal = new WakeSignal(this.#jobs);
    try {
      let force = true;
      // Without looking for jobs: an update that is under way, above all one on trial, waits for no jitter.
      let result = await this.#runPass(false, stop);
      for (let failures = 0; stop.reason === undefined && !this.#awaitsReset(result); force = false) {
        const deferMs = result.kind === "waiting" ? result.delayMs : undefined;
        failures = result.kind === "idle" || deferMs !== undefined ? 0 : failures + 1;
        if (deferMs !== undefined) await this.#waitFor(deferMs, signal, stop);
        else if (failures > 0) await this.#backOff(failures, signal, stop);
        else await this.#waitForJobs(force, signal, stop);
        if (stop.reason !== undefined) break;
        signal.clear();
        result = await this.#runPass(force, stop);
      }
    } finally {
      signal.close();
    }
  }

  async #runPass(force: boolean, stop: Interruption): Promise<PassResult> {
    return await this.#engine.runPass(this.#jobs, { ...this.#settings, force }, stop);
  }

  /** With `autoReset`, a reset that is due and did not come is one that failed: tried again. */
  #awaitsReset({ kind }: PassResult): boolean {
    if (kind !== "resetDue" || this.#settings.autoReset) return false;
    this.#emit("resetDue", undefined);
    return true;
  }

  /** Word that came during the failed turn is old: the next turn looks anyway. */
  async #backOff(failures: number, signal: WakeSignal, stop: Interruption): Promise<void> {
    const { random } = this.#device;
    const policy = this.#options.retry ?? { baseMs: 5_000, maxMs: 300_000 };
    signal.clear();
    await this.#waitFor(backoffMs(failures, policy, random.next()), signal, stop);
  }

  async #waitFor(delayMs: number, signal: WakeSignal, stop: Interruption): Promise<void> {
    this.#emit("waiting", { delayMs });
    const { clock } = this.#device;
    await signal.wait(stop, (wake) => clock.after(Math.min(delayMs, TIMER_MAX_MS), wake));
  }

  async #waitForJobs(force: boolean, signal: WakeSignal, stop: Interruption): Promise<void> {
    if (!force) {
      this.#emit("idle", undefined);
      await signal.wait(stop);
    }
    const { startJitterMs = 0 } = this.#options;
    const { clock, random } = this.#device;
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

/** Whether the service sent word, remembered until it is forgotten, so that none is missed between two waits. */
class WakeSignal {
  #isNotified = false;
  #wake: () => void = () => {};
  readonly close: () => void;

  constructor(jobs: Jobs) {
    this.close = jobs.onChange(() => {
      this.#isNotified = true;
      this.#wake();
    });
  }

  clear(): void {
    this.#isNotified = false;
  }

  /** Resolves when word comes or has come, on `stop`, and when `timer` calls what it is given. */
  async wait(stop: Interruption, timer: (wake: () => void) => () => void = () => () => {}): Promise<void> {
    if (this.#isNotified) return;
    let cancels: (() => void)[] = [];
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      cancels = [timer(resolve), stop.onInterrupt(resolve)];
    });
    for (const cancel of cancels) cancel();
  }
}
