export interface BackoffPolicy {
  /** Upper bound of the first delay; it doubles with each further failure. */
  baseMs: number;
  maxMs: number;
}

/**
 * How long to wait after `failures` failures in a row: exponential with full jitter, so that a fleet that lost its
 * server at one moment does not come back at one moment. `random` is from 0 up to 1.
 */
export function backoffMs(failures: number, policy: BackoffPolicy, random: number): number {
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.max(0, failures - 1));
  return Math.floor(random * ceiling);
}
