import { type FotaError, isFotaError } from "@fota/shared";

/** Limits how long AWS may be unreachable: a rollout lasts for days, and a network fails at night. */
const OUTAGE_MAX_MS = 3_600_000;
const DELAY_MS = 5_000;

export interface Outages {
  /** False to report the first failure. */
  wait: boolean;
  /** Called at the first failure of an outage. */
  onOutage(error: FotaError): void;
  /** Rejects when interrupted. */
  sleep(delayMs: number): Promise<void>;
  nowMs(): number;
}

/**
 * Repeats a task while AWS throttles requests or cannot be reached, for up to an hour. The task must be safe to repeat.
 * @throws what the task throws otherwise, and what it throws after an hour
 */
export async function throughOutages<T>(
  task: () => Promise<T>,
  { wait, onOutage, sleep, nowMs }: Outages,
): Promise<T> {
  let sinceMs: number | undefined;
  for (;;) {
    try {
      return await task();
    } catch (error) {
      if (!wait || !isTransient(error)) throw error;
      if (sinceMs === undefined) onOutage(error);
      sinceMs ??= nowMs();
      if (nowMs() - sinceMs > OUTAGE_MAX_MS) throw error;
    }
    await sleep(DELAY_MS);
  }
}

function isTransient(error: unknown): error is FotaError {
  return isFotaError(error, "THROTTLED") || isFotaError(error, "ENDPOINT_UNREACHABLE");
}
