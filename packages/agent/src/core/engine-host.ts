import { FotaError } from "@fota/shared";
import type { RequestHost } from "./jobs-client.js";

/** What most JavaScript engines have beside the language itself, and some small ones have not. */
interface EngineTimers {
  setTimeout?: (action: () => void, delayMs: number) => unknown;
  clearTimeout?: (timer: never) => void;
}

/** Timers of the engine, looked up when used; tokens from the time and `Math.random`. */
export const engineHost: RequestHost = {
  next: () => Math.random(),
  token: () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`,
  sleep: (delayMs) => new Promise((resolve) => void startTimer(resolve, delayMs)),
  after: (delayMs, action) => startTimer(action, delayMs),
};

/** @throws {FotaError} CONFIG_INVALID in an engine without timers */
function startTimer(action: () => void, delayMs: number): () => void {
  const { setTimeout, clearTimeout } = globalThis as EngineTimers;
  if (setTimeout === undefined || clearTimeout === undefined) {
    throw new FotaError("CONFIG_INVALID", "this JavaScript engine has no timers", {
      hint: "give Jobs a host: new Jobs(mqtt, { host: { next, token, sleep, after } })",
    });
  }
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer as never);
}
