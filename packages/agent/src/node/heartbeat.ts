import { write } from "node:fs";
import { HEARTBEAT_FD, HEARTBEAT_MS } from "../boot/heartbeat.js";

/** Beats in the time that one is due: two may be late. */
const BEATS_PER_PERIOD = 3;

/**
 * Tells `fota-boot --heartbeat` from now on that this firmware is alive: as long as the event loop turns and `isAlive`
 * holds. When that ends, `fota-boot` ends the firmware; one on trial goes back. Does nothing under a launcher that
 * expects no heartbeat, and does not keep the process alive. Call it once, when the firmware works.
 */
export function heartbeat(isAlive: () => boolean = () => true): void {
  const [fd, periodMs] = [Number(process.env[HEARTBEAT_FD]), Number(process.env[HEARTBEAT_MS])];
  if (!Number.isInteger(fd) || !(periodMs > 0)) return;
  const beat = () => {
    if (isAlive()) write(fd, ".", () => {}); // a launcher that is gone has nothing to be told
  };
  beat();
  setInterval(beat, periodMs / BEATS_PER_PERIOD).unref();
}
