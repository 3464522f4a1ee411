import { randomUUID } from "node:crypto";
import { printable } from "@fota/shared";
import type { Clock, Log, LogLevel, Random } from "../core/ports.js";

export const nodeClock: Clock = {
  monotonicMs: () => performance.now(),
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

export const nodeRandom: Random = { next: Math.random, token: randomUUID };

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Returns a log that prints each message of level `lowest` or above as one line to stderr: `fota: warn: ...`. */
export function stderrLog(lowest: LogLevel = "info"): Log {
  return (level, message) => {
    if (LEVELS.indexOf(level) >= LEVELS.indexOf(lowest))
      console.error(`fota: ${level}: ${printable(message)}`);
  };
}
