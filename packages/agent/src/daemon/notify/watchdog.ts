import type { Log } from "../../core/ports.js";
import type { ServiceVariables } from "../program/service-variables.js";

/** Returns the longest time between two signs of life that systemd allows; `undefined` if it does not watch `pid`. */
export function watchdogLimitMs(variables: ServiceVariables, pid: number): number | undefined {
  const { WATCHDOG_USEC: usec = "", WATCHDOG_PID: watched } = variables;
  if (watched !== undefined && watched !== String(pid)) return undefined;
  return /^[1-9]\d{0,15}$/.test(usec) ? Number(usec) / 1_000 : undefined;
}

export interface WatchdogOptions {
  limitMs: number;
  /** Returns why the process must be restarted; `undefined` if all is well. A check that hangs is a sign of a hang, too. */
  findHang: () => Promise<string | undefined>;
  /** Tells systemd that the process is alive. */
  sendAlive: () => void;
  log: Log;
}

/**
 * Sends a sign of life twice in each limit, as long as nothing hangs. A blocked event loop sends none. Returns a function
 * that ends it; systemd then restarts the process if it does not end.
 */
export function startWatchdog({ limitMs, findHang, sendAlive, log }: WatchdogOptions): () => void {
  let isEnded = false;
  let last: string | undefined;
  const beat = async () => {
    const hang = await findHang();
    if (isEnded) return;
    if (hang === undefined) sendAlive();
    else if (hang !== last) log("error", `${hang}: systemd restarts fota-agent, unless this ends soon`);
    last = hang;
    timer = setTimeout(beat, limitMs / 2);
  };
  let timer = setTimeout(beat, 0);
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}
