import type { Config } from "../config/schema.js";

/** Time for all that has no limit in the configuration: requests with their retries, a buffer on the slowest link. */
const STEP_LIMIT_MS = 3_600_000;
/** A slot that is slower than this to read or write counts as hung. */
const SLOT_BYTES_PER_SECOND = 1_000_000;
/** Slots that are files are limited only by the disk. */
const SLOT_SIZE_MAX_BYTES = 16 * 1024 ** 3;

/** Knows by when the work of the daemon must give its next sign of life. */
export class Liveness {
  #step = "starting";
  #deadlineMs = Number.POSITIVE_INFINITY;
  #limitMs = STEP_LIMIT_MS;
  readonly #now: () => number;

  /** `now` returns milliseconds of a monotonic clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Sets how long each step may take from its next sign of life on. */
  limitSteps(limitMs: number): void {
    this.#limitMs = limitMs;
  }

  /** Notes a sign of life: `step` begins or goes on. The next sign must come within the limit, after a wait. */
  note(step: string, waitMs = 0): void {
    this.#step = step;
    this.#deadlineMs = this.#now() + waitMs + this.#limitMs;
  }

  /** Nothing is to do until something comes from outside: no sign is expected. */
  rest(): void {
    this.#deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** Returns which step hangs; `undefined` if none does. */
  findHang(): string | undefined {
    return this.#now() < this.#deadlineMs ? undefined : `no progress for too long (${this.#step})`;
  }
}

/** Returns how long a step of the agent may take at most, in milliseconds, by the limits of the configuration. */
export function stepLimitMs({ hooks, trial, maintenance, slots }: Config, slotSizeBytes: number): number {
  const ofSlots = "installTimeoutSeconds" in slots ? slots.installTimeoutSeconds : undefined;
  const ofCommand = "timeoutSeconds" in slots ? slots.timeoutSeconds : undefined;
  const seconds = [
    hooks.timeLimitSeconds,
    hooks.selfTestTimeLimitSeconds,
    trial.confirmAfterSeconds,
    maintenance.startJitterSeconds,
    ofSlots,
    ofCommand,
    Math.min(slotSizeBytes, SLOT_SIZE_MAX_BYTES) / SLOT_BYTES_PER_SECOND,
  ];
  return STEP_LIMIT_MS + seconds.reduce((sum: number, each) => sum + (each ?? 0), 0) * 1_000;
}
