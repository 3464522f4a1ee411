import { setTimeout as sleep } from "node:timers/promises";
import { FotaError, isFotaError } from "@fota/shared";
import type { Iot } from "./iot.js";

export interface ThrottleRetryOptions {
  signal: AbortSignal;
  /** Called before each wait. */
  onWait(delayMs: number): void;
  /** Returns a number from 0 up to 1. */
  random?: () => number;
  sleep?: (delayMs: number) => Promise<void>;
}

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 20_000;
const TRIES = 8;
/** AWS allows an account 10 requests a second. After a throttled request, this pace leaves half of them to others. */
const PACE_MS = 200;

/**
 * Returns an `Iot` for many requests. If AWS throttles one beyond the SDK's own attempts, it is sent again after a wait
 * that doubles, with jitter; after the first such request, all requests keep a distance.
 */
export function withThrottleRetry(
  iot: Iot,
  { signal, onWait, random = Math.random, ...own }: ThrottleRetryOptions,
): Iot {
  const wait = own.sleep ?? ((delayMs: number) => interruptible(delayMs, signal));
  let throttled = false;
  return {
    ...iot,
    async call(call, request) {
      for (let tries = 1; ; tries += 1) {
        if (throttled) await wait(PACE_MS);
        try {
          return await iot.call(call, request);
        } catch (error) {
          if (!isFotaError(error, "THROTTLED") || tries === TRIES) throw error;
          throttled = true;
          const delayMs =
            Math.min(FIRST_DELAY_MS * 2 ** (tries - 1), LONGEST_DELAY_MS) * (0.5 + random() / 2);
          onWait(delayMs);
          await wait(delayMs);
        }
      }
    },
  };
}

async function interruptible(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch((cause: unknown) => {
    throw new FotaError("INTERRUPTED", "interrupted", { cause });
  });
}
