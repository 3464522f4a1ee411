import { setTimeout as sleep } from "node:timers/promises";
import { FotaError } from "@fota/shared";
import type { Iot } from "../aws/iot.js";

interface PacePorts {
  nowMs(): number;
  /** Rejects when interrupted. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

const SYSTEM: PacePorts = {
  nowMs: () => performance.now(),
  sleep: (delayMs, signal) => sleep(delayMs, undefined, { signal }),
};

/**
 * Returns an `Iot` that starts at most `perSecond` requests of each operation per second. AWS allows an account ten
 * requests per second to each control-plane operation of Jobs, and the dashboard must leave some to others.
 */
export function pacedIot(iot: Iot, perSecond: number, signal: AbortSignal, ports: PacePorts = SYSTEM): Iot {
  const nextMs = new Map<string, number>();
  return {
    ...iot,
    async call(call, request) {
      const nowMs = ports.nowMs();
      const atMs = Math.max(nowMs, nextMs.get(call.action) ?? 0);
      nextMs.set(call.action, atMs + 1_000 / perSecond);
      if (atMs > nowMs) {
        await ports.sleep(atMs - nowMs, signal).catch((cause: unknown) => {
          throw new FotaError("INTERRUPTED", "interrupted", { cause });
        });
      }
      return await iot.call(call, request);
    },
  };
}
