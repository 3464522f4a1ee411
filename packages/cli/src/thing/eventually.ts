import { setTimeout as sleep } from "node:timers/promises";

const TRIES = 8;
const DELAY_MS = 1_000;

/**
 * Tries again, for some seconds, what AWS IoT refuses until it has noticed an earlier change: detaching takes it that
 * long. Returns whether it worked. Rejects when `signal` is aborted.
 */
export async function eventually(
  attempt: () => Promise<boolean>,
  signal: AbortSignal,
  delayMs = DELAY_MS,
): Promise<boolean> {
  for (let tries = 1; tries < TRIES; tries += 1) {
    if (await attempt()) return true;
    await sleep(delayMs, undefined, { signal });
  }
  return await attempt();
}
