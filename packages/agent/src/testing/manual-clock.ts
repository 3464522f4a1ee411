import type { Clock } from "../core/ports.js";

interface Timer {
  atMs: number;
  order: number;
  action: () => void;
}

/** A clock that only advances when a test says so. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #count = 0;
  #timers: Timer[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, order: this.#count++, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Number of pending timers. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Advances to the next timer and fires it. Returns false if there is none. */
  fireNext(): boolean {
    const [next] = this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    if (next === undefined) return false;
    this.#timers = this.#timers.filter((timer) => timer !== next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.action();
    return true;
  }

  /** Waits for `work`, firing timers whenever nothing else can continue. Rejects if `work` can never end. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const end = () => {
      settled = true;
    };
    work.then(end, end);
    for (;;) {
      await settlePromises();
      if (settled) return await work;
      if (!this.fireNext()) throw new Error("the work waits, but no timer is pending");
    }
  }
}

/** Resolves when no promise can continue without a timer. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
