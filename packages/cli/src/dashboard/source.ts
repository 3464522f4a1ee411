import type { FotaError } from "@fota/shared";
import { asFotaError } from "./fault.js";

/** Holds what is known of one thing that the dashboard reads from AWS. */
export interface Reading<T> {
  /** The last value; `undefined` until the first read succeeds. */
  readonly value?: T;
  /** When the value was read. */
  readonly readAt?: Date;
  /** Why the last read failed; the value is then older. */
  readonly fault?: FotaError;
}

/** Reads one thing for all viewers: repeatedly while one watches, never twice at a time. */
export interface Source<T> {
  readonly reading: Reading<T>;
  /** Reads repeatedly until the returned function is called. Calls `onChange` after each read. */
  watch(onChange: () => void): () => void;
  /**
   * Returns a reading that is not much older than the pause between two reads: reads if needed, and waits for that read
   * at most `waitMs`. Never rejects: a failure is in the reading.
   */
  fresh(waitMs: number): Promise<Reading<T>>;
}

export interface SourceOptions<T> {
  read(): Promise<T>;
  /** Returns the pause until the next read in milliseconds; `undefined` if the value cannot change any more. */
  pauseMs(value: T, tookMs: number): number | undefined;
  /** Ends everything at once. */
  signal: AbortSignal;
  /** A clock that nobody sets, in milliseconds. */
  now?: () => number;
}

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;

export function createSource<T>({
  read,
  pauseMs,
  signal,
  now = () => performance.now(),
}: SourceOptions<T>): Source<T> {
  const watchers = new Set<() => void>();
  let reading: Reading<T> = {};
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  /** When the next read is due; `undefined` if none is. */
  let dueMs: number | undefined = 0;

  async function readOnce(): Promise<void> {
    const startedMs = now();
    try {
      const value = await read();
      failures = 0;
      reading = { value, readAt: new Date() };
      const pause = pauseMs(value, now() - startedMs);
      dueMs = pause === undefined ? undefined : now() + pause;
    } catch (error) {
      failures += 1;
      reading = { ...reading, fault: asFotaError(error) };
      dueMs = now() + Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
    }
  }

  async function start(): Promise<void> {
    clearTimeout(timer);
    if (signal.aborted) return;
    running ??= readOnce().finally(() => {
      running = undefined;
      if (signal.aborted) return;
      for (const onChange of watchers) onChange();
      schedule();
    });
    await running;
  }

  function schedule(): void {
    clearTimeout(timer);
    if (watchers.size === 0 || running !== undefined || dueMs === undefined || signal.aborted) return;
    timer = setTimeout(() => void start(), Math.max(0, dueMs - now()));
  }

  return {
    get reading() {
      return reading;
    },
    watch(onChange) {
      const watcher = () => onChange();
      watchers.add(watcher);
      schedule();
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) clearTimeout(timer);
      };
    },
    async fresh(waitMs) {
      if (running !== undefined || (dueMs !== undefined && dueMs <= now())) {
        await within(waitMs, start());
      }
      return reading;
    },
  };
}

/** Waits for a task, but not longer than `waitMs`. */
async function within(waitMs: number, task: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([task, timeout]);
  clearTimeout(timer);
}
