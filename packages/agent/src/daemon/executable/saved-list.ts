import { isRecord } from "../../core/guards.js";
import type { StateStore } from "../../core/ports.js";

const FORMAT_VERSION = 1;

/** A list in a file, for work that must survive a restart. Changes are saved one after the other. */
export class SavedList<T> {
  readonly #store: StateStore;
  readonly #isItem: (value: unknown) => boolean;
  #items: T[] | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** `isItem` tells whether a parsed item is valid; others are left out. */
  constructor(store: StateStore, isItem: (value: unknown) => boolean) {
    this.#store = store;
    this.#isItem = isItem;
  }

  /** @throws {FotaError} STATE_ACCESS */
  async items(): Promise<readonly T[]> {
    return await this.#inTurn(() => this.#load());
  }

  /**
   * Changes the list and saves it, after the changes before. A change that cannot be saved does not count.
   * @throws {FotaError} STATE_ACCESS
   */
  async change(change: (items: readonly T[]) => T[]): Promise<void> {
    await this.#inTurn(async () => {
      const items = change(await this.#load());
      await this.#store.save(JSON.stringify({ formatVersion: FORMAT_VERSION, items }));
      this.#items = items;
    });
  }

  async #load(): Promise<T[]> {
    this.#items ??= parse(await this.#store.load()).filter(this.#isItem) as T[];
    return this.#items;
  }

  async #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return await result;
  }
}

function parse(text: string | undefined): unknown[] {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isRecord(value) && Array.isArray(value["items"]) ? value["items"] : [];
  } catch {
    return [];
  }
}
