import { vi } from "vitest";

/** Ends what hangs, before the limit of the test does: long enough for a loaded machine. vitest.config.ts sets the same for `expect.poll`. */
const PATIENCE_MS = 60_000;

/** Calls `attempt` until it does not throw, and returns its result. Throws its last error when that takes too long. */
export function eventually<T>(attempt: () => T | Promise<T>): Promise<T> {
  // biome-ignore lint/plugin: the one place with a limit
  return vi.waitFor(attempt, { timeout: PATIENCE_MS, interval: 20 });
}
