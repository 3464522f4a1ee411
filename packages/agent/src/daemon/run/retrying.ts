import { setTimeout as sleep } from "node:timers/promises";
import { isFotaError, messageOf } from "@fota/shared";
import { backoffMs } from "../../core/backoff.js";
import type { Log } from "../../core/ports.js";

const BACKOFF = { baseMs: 1_000, maxMs: 60_000 };

export interface RetryOptions {
  log: Log;
  signal: AbortSignal;
  /** Called before each attempt. */
  onAttempt: () => void;
  /** Called with each error that differs from the one before. */
  onProblem: (problem: string) => void;
}

/**
 * Runs `task` until it succeeds, with growing delays. Logs an error only when it differs from the one before. Rejects only
 * when `signal` is aborted.
 */
export async function retrying<T>(
  task: () => Promise<T>,
  { log, signal, onAttempt, onProblem }: RetryOptions,
): Promise<T> {
  let last = "";
  for (let failures = 1; ; failures += 1) {
    onAttempt();
    try {
      return await task();
    } catch (error) {
      signal.throwIfAborted();
      const problem = describeError(error);
      if (problem !== last) {
        log("error", problem);
        onProblem(problem);
      }
      last = problem;
    }
    await sleep(backoffMs(failures, BACKOFF, Math.random()), undefined, { signal });
  }
}

/** Returns message, code and hint of an error in one line. */
export function describeError(error: unknown): string {
  if (!isFotaError(error)) return messageOf(error);
  return `${error.message} (${error.code})${error.hint === undefined ? "" : `; ${error.hint}`}`;
}
