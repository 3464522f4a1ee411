import type { ThingSummary } from "../status/result.js";
import { SILENT_MS } from "../why/rules-running.js";
import { durationSeconds } from "./times.js";

/** Holds the things that an operator may have to look at: the quietest in progress, the slowest that succeeded. */
export interface Waits {
  inProgress: number;
  /** Counts those in progress that have reported nothing for 15 minutes. */
  silent: number;
  /** In progress, those with the oldest report first. */
  quiet: readonly { thing: ThingSummary; quietSeconds: number; sinceSeconds: number }[];
  /** Succeeded, the slowest first. */
  slow: readonly { thing: ThingSummary; seconds: number }[];
  queued: number;
  /** Since when the thing waits that has waited longest. */
  queuedSince?: string;
}

const QUIET_MAX = 8;
const SLOW_MAX = 5;

export function waitsOf(executions: readonly ThingSummary[], nowMs: number): Waits {
  const running = executions.filter(({ status }) => status === "IN_PROGRESS");
  const queued = executions.filter(({ status }) => status === "QUEUED");
  const queuedSince = queued.flatMap(({ queuedAt }) => queuedAt ?? []).sort()[0];
  const quiet = running.map((thing) => ({
    thing,
    quietSeconds: Math.max(0, (nowMs - Date.parse(thing.lastUpdatedAt ?? "")) / 1000) || 0,
    sinceSeconds: durationSeconds(thing, nowMs) ?? 0,
  }));
  const slow = executions
    .filter(({ status }) => status === "SUCCEEDED")
    .flatMap((thing) => {
      const seconds = durationSeconds(thing, nowMs);
      return seconds === undefined ? [] : [{ thing, seconds }];
    });
  return {
    inProgress: running.length,
    silent: quiet.filter(({ quietSeconds }) => quietSeconds * 1000 >= SILENT_MS).length,
    quiet: quiet.sort((a, b) => b.quietSeconds - a.quietSeconds).slice(0, QUIET_MAX),
    slow: slow.sort((a, b) => b.seconds - a.seconds).slice(0, SLOW_MAX),
    queued: queued.length,
    ...(queuedSince !== undefined && { queuedSince }),
  };
}
