import { mkdtemp, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { WatchedProcess } from "./watched-process.js";

/**
 * Timers of a Node.js process wait for the time in the file HELD_CLOCK, and print when they begin, begin anew and
 * fire. Shorter ones, with which it looks again at something, are real.
 */
const PRELOAD = `const { readFileSync } = require("node:fs");
const promises = require("node:timers/promises");
const { setTimeout: setReal, clearTimeout: clearReal } = globalThis;
const LONG_MS = 50;
const nowMs = () => Number(readFileSync(process.env.HELD_CLOCK, "utf8"));
const held = new Set();
class HeldTimer {
  constructor(action, delayMs) {
    Object.assign(this, { action, delayMs });
    this.begin();
    console.error("held clock: " + delayMs + " ms begin");
  }
  refresh() {
    console.error("held clock: " + this.delayMs + " ms anew");
    return this.begin();
  }
  begin() {
    this.dueMs = nowMs() + this.delayMs;
    held.add(this);
    looking.ref();
    return this;
  }
}
const looking = setInterval(() => {
  for (const timer of [...held]) {
    if (timer.dueMs > nowMs()) continue;
    held.delete(timer);
    console.error("held clock: " + timer.delayMs + " ms passed");
    timer.action();
  }
  if (held.size === 0) looking.unref();
}, 5);
globalThis.setTimeout = (action, delayMs, ...args) =>
  delayMs < LONG_MS ? setReal(action, delayMs, ...args) : new HeldTimer(() => action(...args), delayMs);
globalThis.clearTimeout = (timer) => void (held.delete(timer) || timer instanceof HeldTimer || clearReal(timer));
const { setTimeout: sleep } = promises;
promises.setTimeout = (delayMs, value, options) =>
  delayMs < LONG_MS
    ? sleep(delayMs, value, options)
    : new Promise((resolve, reject) => {
        const timer = setTimeout(() => resolve(value), delayMs);
        options?.signal?.addEventListener("abort", () => (clearTimeout(timer), reject(options.signal.reason)));
      });
`;

/**
 * Time for the limits of `fota-boot`, which passes only when a test says so: no machine is too slow for what has to
 * happen before.
 */
export class HeldClock {
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;
  #nowMs = 0;

  private constructor(file: string, preload: string) {
    this.#file = file;
    this.env = { NODE_OPTIONS: `--require ${preload}`, HELD_CLOCK: file };
  }

  /** Keeps its files in a new folder below `dir`. */
  static async make(dir: string): Promise<HeldClock> {
    const folder = await mkdtemp(join(dir, "held-clock-"));
    await writeFile(join(folder, "preload.cjs"), PRELOAD);
    const clock = new HeldClock(join(folder, "now-ms"), join(folder, "preload.cjs"));
    await clock.pass(0);
    return clock;
  }

  /** Waits until the process counts a limit of this length. */
  async begun({ says }: WatchedProcess, seconds: number): Promise<void> {
    await says(new RegExp(`^held clock: ${seconds * 1_000} ms begin$`));
  }

  /** Lets a limit of this length pass from its beginning, and waits until the process acts on it. */
  async end(launcher: WatchedProcess, seconds: number): Promise<void> {
    await this.begun(launcher, seconds);
    await this.pass(seconds);
    await launcher.says(new RegExp(`^held clock: ${seconds * 1_000} ms passed$`));
  }

  async pass(seconds: number): Promise<void> {
    this.#nowMs += seconds * 1_000;
    await writeFile(`${this.#file}.new`, String(this.#nowMs));
    await rename(`${this.#file}.new`, this.#file); // a process never reads half of it
  }
}
