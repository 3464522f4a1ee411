import { write } from "node:fs";
import { HEARTBEAT_FD, HEARTBEAT_MS } from "../boot/heartbeat.js";

/** Heartbeats in each period. `fota-boot` waits for one, so two may be late. */
const BEATS_PER_PERIOD = 3;

/**
 * Sends heartbeats to `fota-boot --heartbeat` while the event loop runs and `isAlive` returns true. When they stop,
 * `fota-boot` restarts the firmware, or reverts it on trial. Does nothing if the launcher expects no heartbeats. Does
 * not keep the process alive. Call it once, when the firmware works.
 */
export function heartbeat(isAlive: () => boolean = () => true): void {
  const [fd, periodMs] = [Number(process.env[HEARTBEAT_FD]), Number(process.env[HEARTBEAT_MS])];
  if (!Number.isInteger(fd) || !(periodMs > 0)) return;
  const beat = () => {
    if (isAlive()) write(fd, ".", () => {}); // an error means that the launcher has ended
  };
  beat();
  setInterval(beat, periodMs / BEATS_PER_PERIOD).unref();
}
