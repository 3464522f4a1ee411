import type { UpdateReport } from "@fota/shared";
import type { Live } from "../status/result.js";

/** What the running daemon does now. */
export interface LiveStatus {
  link: Live["link"];
  /** Why the slots or the broker could not be reached, since the last success. */
  problem?: string | undefined;
  /** The last report of an update. */
  update?: UpdateReport | undefined;
  /** The agent waits for this long before it continues, as of the last change. */
  waitingMs?: number | undefined;
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

/** Returns the live status as `fota-agent status` shows it. */
export function toLive({ link, problem, update, waitingMs }: LiveStatus): Live {
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
    waitingSeconds: waitingMs === undefined ? null : Math.ceil(waitingMs / 1000),
  };
}
