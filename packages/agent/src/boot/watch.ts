import type { Firmware } from "./firmware-process.js";

/** Why the launcher has ended a firmware that ran. */
export type Hang = "not confirmed" | "silent";

export interface WatchOptions {
  /** Whether this boot began on trial. */
  trial: boolean;
  /** Whether it still is. */
  isOnTrial: () => Promise<boolean>;
  /** Called when the time to confirm is over; whether the trial may go on all the same. */
  onLate: () => Promise<boolean>;
  confirmWithinMs: number;
  /** Longest silence between heartbeats; `undefined`: none are expected. */
  heartbeatMs: number | undefined;
  stopGraceMs: number;
}

/**
 * Ends a trial that is not confirmed in time, and a firmware whose heartbeat stops. A trial must beat from its start;
 * a confirmed firmware is held to it from its first beat on, so that one that knows nothing of heartbeats is left
 * alone. `cancel` ends the watch and tells what it has ended the firmware for.
 */
export function watchFirmware(firmware: Firmware, options: WatchOptions): { cancel(): Hang | undefined } {
  const { trial, isOnTrial, onLate, confirmWithinMs, heartbeatMs, stopGraceMs } = options;
  let hang: Hang | undefined;
  let beaten = false;
  const timers: NodeJS.Timeout[] = [];
  const end = (why: Hang) => {
    hang ??= why;
    firmware.stop("SIGTERM", stopGraceMs);
  };

  if (trial) {
    const late = async () => {
      if ((await isOnTrial()) && !(await onLate())) end("not confirmed");
    };
    timers.push(setTimeout(late, confirmWithinMs));
  }
  if (heartbeatMs !== undefined) {
    const silent = async () => {
      if (beaten || (await isOnTrial())) end("silent");
    };
    const silence = setTimeout(silent, heartbeatMs);
    timers.push(silence);
    firmware.onHeartbeat(() => {
      beaten = true;
      silence.refresh();
    });
  }
  return {
    cancel() {
      for (const timer of timers) clearTimeout(timer);
      return hang;
    },
  };
}
