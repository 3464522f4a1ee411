import type { Notice } from "../jobs/notices.js";

/** Passes notifications to listeners, in order, in a later macrotask. */
export class NoticeSender {
  readonly #listeners = new Map<(notice: Notice) => void, (topic: string) => boolean>();
  #stopped = false;

  /** Adds a listener for the topics that `hears` accepts. Returns a function that removes it. */
  add(listener: (notice: Notice) => void, hears: (topic: string) => boolean): () => void {
    this.#listeners.set(listener, hears);
    return () => this.#listeners.delete(listener);
  }

  /** Returns whether a listener wants notifications on `topic` now. */
  isHeard(topic: string): boolean {
    for (const hears of this.#listeners.values()) if (hears(topic)) return true;
    return false;
  }

  send(notices: readonly Notice[]): void {
    if (notices.length === 0) return;
    setImmediate(() => {
      for (const notice of this.#stopped ? [] : notices) {
        for (const listener of this.#listeners.keys()) listener(notice);
      }
    });
  }

  /** Sends nothing from now on, including what is pending. */
  stop(): void {
    this.#stopped = true;
  }
}
