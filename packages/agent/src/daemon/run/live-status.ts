import type { UpdateReport } from "@fota/shared";

/** What the running daemon does now. */
export interface LiveStatus {
  /** `opening`: the slots cannot be used yet. */
  link: "opening" | "connecting" | "connected" | "disconnected";
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
