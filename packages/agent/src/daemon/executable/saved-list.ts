import { isRecord } from "../../core/guards.js";
import type { StateStore } from "../../core/ports.js";

const FORMAT_VERSION = 1;

/** A list in a file, for work that must survive a restart. Changes are saved one after the other. */
export class SavedList<T> {
  readonly #store: StateStore;
  readonly #isItem: (value: unknown) => boolean;
  readonly #onLoss: () => void;
  #items: T[] | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * `isItem` tells whether a parsed item is valid. Others are left out; `onLoss` is called once if there were some, or if
   * the text is not a list.
   */
  constructor(store: StateStore, isItem: (value: unknown) => boolean, onLoss: () => void) {
    this.#store = store;
    this.#isItem = isItem;
    this.#onLoss = onLoss;
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
    this.#items ??= this.#parse(await this.#store.load());
    return this.#items;
  }

  #parse(text: string | undefined): T[] {
    if (text === undefined) return [];
    const found = itemsIn(text);
    const items = found?.filter(this.#isItem) as T[] | undefined;
    if (items === undefined || items.length !== found?.length) this.#onLoss();
    return items ?? [];
  }

  async #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return await result;
  }
}

/** Returns the items in a saved text; `undefined` if it is not valid. */
function itemsIn(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && Array.isArray(value["items"]) ? value["items"] : undefined;
  } catch {
    return undefined;
  }
}
