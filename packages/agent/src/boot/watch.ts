import type { Firmware } from "./firmware-process.js";

/** Why the launcher stopped a running firmware. */
export type Hang = "not confirmed" | "silent";

export interface WatchOptions {
  /** This boot started on trial. */
  trial: boolean;
  /** Tells whether the trial is still unconfirmed. */
  isOnTrial: () => Promise<boolean>;
  /** Called when a trial was not confirmed in time. Returns whether it may keep running. */
  onTimeout: () => Promise<boolean>;
  confirmWithinMs: number;
  /** Longest time between two heartbeats; `undefined` if none are expected. */
  heartbeatMs: number | undefined;
  stopGraceMs: number;
}

/**
 * Stops a trial that is not confirmed in time, and a firmware whose heartbeat stops. A trial must send heartbeats from
 * its start. Confirmed firmware is watched from its first heartbeat, so that firmware without heartbeats keeps running.
 * `cancel` ends the watch and returns why it stopped the firmware, if it did.
 */
export function watchFirmware(firmware: Firmware, options: WatchOptions): { cancel(): Hang | undefined } {
  const { trial, isOnTrial, onTimeout, confirmWithinMs, heartbeatMs, stopGraceMs } = options;
  let hang: Hang | undefined;
  const timers: NodeJS.Timeout[] = [];
  const stop = (why: Hang) => {
    hang ??= why;
    firmware.stop("SIGTERM", stopGraceMs);
  };

  if (trial) {
    const confirmTimedOut = async () => {
      if ((await isOnTrial()) && !(await onTimeout())) stop("not confirmed");
    };
    timers.push(setTimeout(confirmTimedOut, confirmWithinMs));
  }
  if (heartbeatMs !== undefined) {
    let beats = 0;
    const heartbeatTimedOut = async () => {
      const before = beats;
      await new Promise((resolve) => setImmediate(resolve)); // reads what came while the launcher itself was stopped
      if (beats === before && (beats > 0 || (await isOnTrial()))) stop("silent");
    };
    const timer = setTimeout(heartbeatTimedOut, heartbeatMs);
    timers.push(timer);
    firmware.onHeartbeat(() => {
      beats += 1;
      timer.refresh();
    });
  }
  return {
    cancel() {
      for (const timer of timers) clearTimeout(timer);
      return hang;
    },
  };
}
