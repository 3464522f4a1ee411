import { SortedList } from "./sorted-list.js";

/** An item of a list. Its sequence number marks where a page ended, whatever is added or deleted later. */
export interface Listed {
  readonly sequence: number;
}

export type Order = "oldestFirst" | "newestFirst";

/** A list whose pages can begin at any place. */
export interface InOrder<T> {
  /** Yields the items in the order, only those that follow the one with the sequence number `last`, if it is given. */
  after(last: number | undefined, order: Order): Iterable<T>;
}

/** Returns the keys of an item, by which a list can be filtered. The function itself names the kind of keys. */
export type KeysOf<T> = (item: T) => Iterable<string>;

/** Items by sequence number, and by the keys that lists have been filtered by. */
export class ListIndex<T extends Listed> implements InOrder<T> {
  readonly #all: SortedList<T>;
  readonly #byKey = new Map<KeysOf<T>, Map<string, SortedList<T>>>();

  constructor(items: Iterable<T>) {
    this.#all = new SortedList(bySequence, items);
  }

  after(last: number | undefined, order: Order): Iterable<T> {
    return afterIn(this.#all, last, order);
  }

  /** Returns the items that have the key. The first call for a kind of keys reads all items; later ones need not. */
  withKey(keysOf: KeysOf<T>, key: string): InOrder<T> & { size: number } {
    const lists = this.#byKey.get(keysOf) ?? listsByKey(this.#all, keysOf);
    this.#byKey.set(keysOf, lists);
    const list = lists.get(key);
    return {
      size: list?.size ?? 0,
      after: (last, order) => (list === undefined ? [] : afterIn(list, last, order)),
    };
  }

  add(item: T): void {
    this.#all.add(item);
    this.addKeys(item);
  }

  delete(item: T): void {
    this.#all.delete(item);
    this.removeKeys(item);
  }

  /** Call it before a change of an item that may change its keys, and `addKeys` after it. */
  removeKeys(item: T): void {
    for (const [keysOf, lists] of this.#byKey) deleteUnderKeys(lists, keysOf, item);
  }

  addKeys(item: T): void {
    for (const [keysOf, lists] of this.#byKey) addUnderKeys(lists, keysOf, item);
  }
}

function listsByKey<T extends Listed>(items: Iterable<T>, keysOf: KeysOf<T>): Map<string, SortedList<T>> {
  const arrays = new Map<string, T[]>();
  for (const item of items) {
    for (const key of keysOf(item)) {
      const array = arrays.get(key);
      if (array === undefined) arrays.set(key, [item]);
      else array.push(item);
    }
  }
  return new Map([...arrays].map(([key, array]) => [key, new SortedList(bySequence, array)]));
}

function addUnderKeys<T extends Listed>(lists: Map<string, SortedList<T>>, keysOf: KeysOf<T>, item: T): void {
  for (const key of keysOf(item)) {
    const list = lists.get(key);
    if (list === undefined) lists.set(key, new SortedList(bySequence, [item]));
    else list.add(item);
  }
}

function deleteUnderKeys<T extends Listed>(
  lists: Map<string, SortedList<T>>,
  keysOf: KeysOf<T>,
  item: T,
): void {
  for (const key of keysOf(item)) {
    const list = lists.get(key);
    list?.delete(item);
    if (list?.size === 0) lists.delete(key);
  }
}

function afterIn<T extends Listed>(list: SortedList<T>, last: number | undefined, order: Order): Iterable<T> {
  return order === "oldestFirst"
    ? list.upwards(({ sequence }) => last !== undefined && sequence <= last)
    : list.downwards(({ sequence }) => last !== undefined && sequence >= last);
}

function bySequence(a: Listed, b: Listed): number {
  return a.sequence - b.sequence;
}

/**
 * Returns the items that have all of the keys. A page reads the shortest of their lists until it is full, or all items if no
 * keys are given.
 */
export function withKeys<T extends Listed>(
  index: ListIndex<T>,
  keys: readonly (readonly [keysOf: KeysOf<T>, key: string])[],
): InOrder<T> {
  const lists = keys.map(([keysOf, key]) => index.withKey(keysOf, key));
  const [shortest, another] = lists.sort((a, b) => a.size - b.size);
  if (shortest === undefined) return index;
  if (another === undefined) return shortest;
  return filtered(shortest, (item) => keys.every(([keysOf, key]) => [...keysOf(item)].includes(key)));
}

/** Returns a short list, which is sorted for each page. */
export function sorted<T extends Listed>(items: Iterable<T>): InOrder<T> {
  return { after: (last, order) => new ListIndex(items).after(last, order) };
}

/** Returns the part of a list that `keep` accepts. A page reads until it is full, so `keep` should accept most items. */
export function filtered<T>(list: InOrder<T>, keep: (item: T) => boolean): InOrder<T> {
  return {
    *after(last, order) {
      for (const item of list.after(last, order)) if (keep(item)) yield item;
    },
  };
}
