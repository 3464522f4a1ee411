/**
 * Returns the time of day in milliseconds since 1970. It jumps when the clock of the machine is set: measure durations
 * with `performance.now()`.
 */
export function wallClockMs(): number {
  return Date.now();
}
