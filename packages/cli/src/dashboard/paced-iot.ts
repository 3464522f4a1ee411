import { setTimeout as sleep } from "node:timers/promises";
import { FotaError } from "@fota/shared";
import type { Iot } from "../aws/iot.js";

/**
 * Returns an `Iot` that starts at most `perSecond` requests of each operation per second. AWS allows an account ten
 * requests per second to each control-plane operation of Jobs, and the dashboard must leave some to others.
 */
export function pacedIot(iot: Iot, perSecond: number, signal: AbortSignal): Iot {
  const nextMs = new Map<string, number>();
  return {
    ...iot,
    async call(call, request) {
      const nowMs = performance.now();
      const atMs = Math.max(nowMs, nextMs.get(call.action) ?? 0);
      nextMs.set(call.action, atMs + 1_000 / perSecond);
      if (atMs > nowMs) {
        await sleep(atMs - nowMs, undefined, { signal }).catch((cause: unknown) => {
          throw new FotaError("INTERRUPTED", "interrupted", { cause });
        });
      }
      return await iot.call(call, request);
    },
  };
}
