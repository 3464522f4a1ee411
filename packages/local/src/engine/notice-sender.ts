import type { Notice } from "../jobs/notices.js";

/** Passes notifications to listeners, in order, in a later macrotask. */
export class NoticeSender {
  readonly #listeners = new Set<(notice: Notice) => void>();
  #stopped = false;

  /** Returns a function that removes the listener. */
  add(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(notices: readonly Notice[]): void {
    if (notices.length === 0) return;
    setImmediate(() => {
      for (const notice of this.#stopped ? [] : notices) {
        for (const listener of this.#listeners) listener(notice);
      }
    });
  }

  /** Sends nothing from now on, including what is pending. */
  stop(): void {
    this.#stopped = true;
  }
}
