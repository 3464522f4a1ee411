import { FotaError } from "@fota/shared";
import type { RequestHost } from "./jobs-client.js";

/** Timers, which are not part of the language: some small engines lack them. */
interface EngineTimers {
  setTimeout?: (action: () => void, delayMs: number) => unknown;
  clearTimeout?: (timer: never) => void;
}

/** Uses the timers of the engine, looked up at each use, and makes tokens from the time and `Math.random`. */
export const engineHost: RequestHost = {
  next: () => Math.random(),
  token: () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`,
  sleep: (delayMs) => new Promise((resolve) => void startTimer(resolve, delayMs)),
  after: (delayMs, action) => startTimer(action, delayMs),
};

/**
 * Starts a timer. Returns a function that cancels it.
 * @throws {FotaError} CONFIG_INVALID if the engine has no timers
 */
function startTimer(action: () => void, delayMs: number): () => void {
  const { setTimeout, clearTimeout } = globalThis as EngineTimers;
  if (setTimeout === undefined || clearTimeout === undefined) {
    throw new FotaError("CONFIG_INVALID", "this JavaScript engine has no timers", {
      hint: "pass JobsOptions.host",
    });
  }
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer as never);
}
