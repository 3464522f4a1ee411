import type { Clock } from "../core/ports.js";

interface Timer {
  atMs: number;
  order: number;
  action: () => void;
}

/** A clock that a test moves. Nothing waits in real time. */
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

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves to the next timer and lets it ring. False: there is none. */
  ringNext(): boolean {
    const [next] = this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    if (next === undefined) return false;
    this.#timers = this.#timers.filter((timer) => timer !== next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.action();
    return true;
  }

  /** Lets `work` go on, moving the clock only when all else rests. Rejects when it can never end. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const end = () => {
      settled = true;
    };
    work.then(end, end);
    for (;;) {
      await allElse();
      if (settled) return await work;
      if (!this.ringNext()) throw new Error("the work waits for something that no timer ends");
    }
  }
}

/** Resolves when every promise that can go on by itself has. */
function allElse(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
