export interface BackoffPolicy {
  /** Upper bound of the first delay. It doubles with each further failure. */
  baseMs: number;
  /** Upper bound of all delays. */
  maxMs: number;
}

/**
 * Returns the delay after `failures` failures in a row: exponential with full jitter, so that a fleet that lost its
 * server does not reconnect all at once. `random` is at least 0 and below 1.
 */
export function backoffMs(failures: number, policy: BackoffPolicy, random: number): number {
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.max(0, failures - 1));
  return Math.floor(random * ceiling);
}
