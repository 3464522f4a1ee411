import { bySequence, type KeyKind, KeyLists, keyKind, type Listed } from "./key-lists.js";
import { SortedList } from "./sorted-list.js";

export type Order = "oldestFirst" | "newestFirst";

/** A list whose pages can begin at any place. */
export interface InOrder<T> {
  /**
   * Yields items in the order, among which are all items of the list; only those that follow the one with the sequence
   * number `last`, if it is given. Items may be added and deleted meanwhile.
   */
  candidates(last: number | undefined, order: Order): Iterable<T>;
  /** Returns whether a candidate is an item of the list. A reader of many candidates can pause between two of them. */
  includes(candidate: T): boolean;
}

/** Yields the items of a list in the order. Use it where the list is short, or only its beginning is read. */
export function* itemsOf<T>(list: InOrder<T>, last: number | undefined, order: Order): Iterable<T> {
  for (const candidate of list.candidates(last, order)) if (list.includes(candidate)) yield candidate;
}

/** A part of a list. */
interface Part<T> extends InOrder<T> {
  /** Number of items that a page reads at most. */
  size: number;
}

/** Items whose keys are read at once. Of more, the rest follows in turns of the event loop that take about a millisecond. */
const PIECE = 1_000;
/** Conditions of which an index keeps lists. */
const CONDITIONS_MAX = 16;
const ACCEPTED = ["accepted"] as const;

/** Items by sequence number, and by the keys that lists have been filtered by. */
export class ListIndex<T extends Listed> implements InOrder<T> {
  readonly #all: SortedList<T>;
  readonly #byKind = new Map<KeyKind<T>, KeyLists<T>>();
  /** Conditions by name, the last used at the end. `undefined` for one that was asked for once. */
  readonly #conditions = new Map<string, KeyKind<T> | undefined>();

  constructor(items: Iterable<T>) {
    this.#all = new SortedList(bySequence, items);
  }

  candidates(last: number | undefined, order: Order): Iterable<T> {
    return candidatesIn(this.#all, last, order);
  }

  includes(): boolean {
    return true;
  }

  /**
   * Returns the items that have the key. The first call for a kind of keys reads all items: in pieces, so that it delays
   * nothing else. Until then, a page reads items until it is full.
   */
  withKey(kind: KeyKind<T>, key: string): Part<T> {
    const lists = this.#byKind.get(kind) ?? this.#newLists(kind);
    if (!lists.isFilled) return this.#scanned((item) => kind.has(item, key));
    const list = lists.find(key);
    return {
      size: list?.size ?? 0,
      candidates: (last, order) => (list === undefined ? [] : candidatesIn(list, last, order)),
      includes: () => true,
    };
  }

  /**
   * Returns the items that fulfill a condition. It must depend only on what `change` changes, and be the same for the same
   * name. From the second call on, the items are kept in a list of their own: the first may be the only one.
   */
  where(name: string, accepts: (item: T) => boolean): Part<T> {
    const isKnown = this.#conditions.has(name);
    const kind =
      this.#conditions.get(name) ??
      (isKnown ? keyKind<T>((item) => (accepts(item) ? ACCEPTED : []), accepts) : undefined);
    this.#conditions.delete(name);
    this.#conditions.set(name, kind);
    if (this.#conditions.size > CONDITIONS_MAX) this.#forgetOldestCondition();
    return kind === undefined ? this.#scanned(accepts) : this.withKey(kind, ACCEPTED[0]);
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
    for (const lists of this.#byKind.values()) lists.delete(item);
  }

  addKeys(item: T): void {
    for (const lists of this.#byKind.values()) lists.add(item);
  }

  #scanned(accepts: (item: T) => boolean): Part<T> {
    return { size: this.#all.size, ...filtered(this, accepts) };
  }

  #newLists(kind: KeyKind<T>): KeyLists<T> {
    const lists = new KeyLists(kind);
    this.#byKind.set(kind, lists);
    const fill = () => {
      if (this.#byKind.get(kind) !== lists || lists.fill(this.#all, PIECE)) return;
      setImmediate(fill);
    };
    fill();
    return lists;
  }

  #forgetOldestCondition(): void {
    for (const [name, kind] of this.#conditions) {
      this.#conditions.delete(name);
      if (kind !== undefined) this.#byKind.delete(kind);
      return;
    }
  }
}

function candidatesIn<T extends Listed>(
  list: SortedList<T>,
  last: number | undefined,
  order: Order,
): Iterable<T> {
  return order === "oldestFirst"
    ? list.upwards(({ sequence }) => last !== undefined && sequence <= last)
    : list.downwards(({ sequence }) => last !== undefined && sequence >= last);
}

/** What an item must fulfill: it has a key, or it is accepted by a condition, see `where`. */
export type Requirement<T> =
  | { kind: KeyKind<T>; key: string }
  | { condition: string; accepts: (item: T) => boolean };

/**
 * Returns the items that fulfill all requirements. A page reads the shortest of their lists until it is full, or all items
 * if there are no requirements.
 */
export function withAll<T extends Listed>(
  index: ListIndex<T>,
  requirements: readonly Requirement<T>[],
): InOrder<T> {
  const parts = requirements.map((each) =>
    "kind" in each ? index.withKey(each.kind, each.key) : index.where(each.condition, each.accepts),
  );
  const [shortest, another] = parts.sort((a, b) => a.size - b.size);
  if (shortest === undefined) return index;
  if (another === undefined) return shortest;
  return filtered(shortest, (item) =>
    requirements.every((each) => ("kind" in each ? each.kind.has(item, each.key) : each.accepts(item))),
  );
}

/** Returns a short list, which is sorted for each page. */
export function sorted<T extends Listed>(items: Iterable<T>): InOrder<T> {
  return {
    candidates: (last, order) => new ListIndex(items).candidates(last, order),
    includes: () => true,
  };
}

/** Returns the part of a list that `keep` accepts. A page reads until it is full, so `keep` should accept most items. */
export function filtered<T>(list: InOrder<T>, keep: (item: T) => boolean): InOrder<T> {
  return {
    candidates: (last, order) => list.candidates(last, order),
    includes: (candidate) => list.includes(candidate) && keep(candidate),
  };
}

/** Returns the first `count` items, or all if those are fewer, without looking at the others. */
export function firstOf<T>(items: Iterable<T>, count: number): T[] {
  const found: T[] = [];
  for (const item of items) {
    found.push(item);
    if (found.length === count) break;
  }
  return found;
}
