import { SortedList } from "./sorted-list.js";

/** An item of a list. Its sequence number marks where a page ended, whatever is added or deleted later. */
export interface Listed {
  readonly sequence: number;
}

/** Keys of one kind, by which a list can be filtered. The object itself names the kind. */
export interface KeyKind<T> {
  /** Returns the keys of an item. */
  keysOf(item: T): Iterable<string>;
  /** Returns whether an item has a key. */
  has(item: T, key: string): boolean;
}

/** Returns a kind of keys. `has` is for large lists: it takes less time than to make all keys of an item. */
export function keyKind<T>(
  keysOf: (item: T) => Iterable<string>,
  has: (item: T, key: string) => boolean = (item, key) => [...keysOf(item)].includes(key),
): KeyKind<T> {
  return { keysOf, has };
}

/**
 * Lists of items by their keys of one kind. They are filled in pieces: each piece has the items that follow those of the
 * one before. Until all are filled, none of the lists may be used.
 */
export class KeyLists<T extends Listed> {
  readonly #kind: KeyKind<T>;
  /** A key that one item has is by far the most frequent: for that, a list would take several times the memory. */
  readonly #lists = new Map<string, T | SortedList<T>>();
  /** Sequence number up to which items are in the lists. */
  #filledTo = Number.NEGATIVE_INFINITY;

  constructor(kind: KeyKind<T>) {
    this.#kind = kind;
  }

  /** Adds the next `count` items of `all`. Returns whether all are in the lists now. */
  fill(all: SortedList<T>, count: number): boolean {
    let left = count;
    for (const item of all.upwards(({ sequence }) => sequence <= this.#filledTo)) {
      if (left === 0) return false;
      left -= 1;
      this.#filledTo = item.sequence;
      this.add(item);
    }
    this.#filledTo = Number.POSITIVE_INFINITY;
    return true;
  }

  get isFilled(): boolean {
    return this.#filledTo === Number.POSITIVE_INFINITY;
  }

  /** Returns the items with a key; `undefined` if there are none. */
  find(key: string): SortedList<T> | undefined {
    const found = this.#lists.get(key);
    return found === undefined || found instanceof SortedList ? found : new SortedList(bySequence, [found]);
  }

  add(item: T): void {
    if (item.sequence > this.#filledTo) return;
    for (const key of this.#kind.keysOf(item)) {
      const found = this.#lists.get(key);
      if (found === undefined) this.#lists.set(key, item);
      else if (found instanceof SortedList) found.add(item);
      else if (found !== item) this.#lists.set(key, new SortedList(bySequence, [found, item]));
    }
  }

  delete(item: T): void {
    if (item.sequence > this.#filledTo) return;
    for (const key of this.#kind.keysOf(item)) {
      const found = this.#lists.get(key);
      if (found === item) this.#lists.delete(key);
      if (!(found instanceof SortedList)) continue;
      found.delete(item);
      if (found.size === 0) this.#lists.delete(key);
    }
  }
}

export function bySequence(a: Listed, b: Listed): number {
  return a.sequence - b.sequence;
}
