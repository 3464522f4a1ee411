import type { UpdateReport } from "@fota/shared";
import type { Live } from "../status/result.js";

/** What the running daemon does now. */
export interface LiveStatus {
  link: Live["link"];
  /** Why the slots or the broker could not be reached, since the last success. */
  problem?: string | undefined;
  /** The last report of an update. */
  update?: UpdateReport | undefined;
  /** When the agent continues, by `performance.now()`, if it waits. */
  continuesAtMs?: number | undefined;
}

/** Holds the live status and tells listeners of each change. */
export class StatusBoard {
  #status: LiveStatus = { link: "opening" };
  readonly #listeners = new Set<(status: LiveStatus) => void>();

  get status(): LiveStatus {
    return this.#status;
  }

  set(change: Partial<LiveStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const listener of [...this.#listeners]) listener(this.#status);
  }

  /** Calls `listener` after each change until the returned function is called. */
  onChange(listener: (status: LiveStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/**
 * Returns the live status as `fota-agent status` shows it.
 * @param nowMs by `performance.now()`
 */
export function toLive(
  { link, problem, update, continuesAtMs }: LiveStatus,
  nowMs = performance.now(),
): Live {
  const { phase, percent, bytes, totalBytes, detail } = update ?? {};
  const progress = {
    ...(phase !== undefined && { phase }),
    ...(percent !== undefined && { percent }),
    ...(bytes !== undefined && { bytes }),
    ...(totalBytes !== undefined && { totalBytes }),
    ...(detail !== undefined && { detail }),
  };
  return {
    link,
    problem: problem ?? null,
    progress: update === undefined ? null : progress,
    waitingSeconds:
      continuesAtMs === undefined ? null : Math.max(0, Math.ceil((continuesAtMs - nowMs) / 1000)),
  };
}
