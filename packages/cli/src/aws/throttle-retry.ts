import { setTimeout as sleep } from "node:timers/promises";
import { FotaError, isFotaError } from "@fota/shared";
import type { Iot } from "./iot.js";

export interface Patience {
  signal: AbortSignal;
  /** Called before each wait. */
  onWait(delayMs: number): void;
  /** From 0 up to 1. */
  random?: () => number;
  sleep?: (delayMs: number) => Promise<void>;
}

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 20_000;
const TRIES = 8;
/** AWS allows 10 requests a second in an account: an account that has reached that is left some for others. */
const PACE_MS = 200;

/**
 * An `Iot` for many requests: those that AWS throttles beyond the SDK's own tries are sent again after a wait that
 * doubles, with jitter; from the first of them on all requests keep a distance.
 */
export function withThrottleRetry(iot: Iot, { signal, onWait, random = Math.random, ...own }: Patience): Iot {
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
