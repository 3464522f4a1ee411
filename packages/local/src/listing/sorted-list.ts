/** Most items of a chunk. Chunks keep insertions in the middle cheap, and a list of them short enough to search. */
const CHUNK_MAX = 128;

/**
 * Items in the order of `compare`, which must not change while they are in the list. `add`, `delete` and the start of an
 * iteration take O(log n); so a page of a list costs the same at any size and depth.
 */
export class SortedList<T> implements Iterable<T> {
  readonly #compare: (a: T, b: T) => number;
  /** Sorted, and none is empty. */
  readonly #chunks: T[][] = [];
  #size = 0;
  /** Number of changes so far. */
  #changes = 0;

  constructor(compare: (a: T, b: T) => number, items: Iterable<T> = []) {
    this.#compare = compare;
    const sorted = [...items].sort(compare);
    for (let at = 0; at < sorted.length; at += CHUNK_MAX) this.#chunks.push(sorted.slice(at, at + CHUNK_MAX));
    this.#size = sorted.length;
  }

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#chunks[0]?.[0];
  }

  /** Adds an item that the list does not have. */
  add(item: T): void {
    const comesBefore = (other: T) => this.#compare(other, item) < 0;
    this.#size += 1;
    this.#changes += 1;
    const at = Math.max(0, this.#firstChunk((first) => !comesBefore(first)) - 1);
    const chunk = this.#chunks[at];
    if (chunk === undefined) this.#chunks.push([item]);
    else if (chunk.length < CHUNK_MAX) chunk.splice(firstIn(chunk, comesBefore), 0, item);
    else {
      const index = firstIn(chunk, comesBefore);
      // Items mostly come in order: then full chunks stay full.
      const isLast = index === CHUNK_MAX;
      const upper = isLast ? [] : chunk.splice(CHUNK_MAX / 2);
      this.#chunks.splice(at + 1, 0, upper);
      if (isLast || index > chunk.length) upper.splice(firstIn(upper, comesBefore), 0, item);
      else chunk.splice(index, 0, item);
    }
  }

  /** Removes the item that compares as equal; does nothing if there is none. */
  delete(item: T): void {
    const at = this.#firstChunk((first) => this.#compare(first, item) > 0) - 1;
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const index = firstIn(chunk, (other) => this.#compare(other, item) < 0);
    const found = chunk[index];
    if (found === undefined || this.#compare(found, item) !== 0) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
    this.#size -= 1;
    this.#changes += 1;
  }

  /** Yields all items upwards. */
  [Symbol.iterator](): Iterator<T> {
    return this.upwards(() => false)[Symbol.iterator]();
  }

  /**
   * Yields the items upwards, from the first for which `isBefore` is false. It must be true for all items before that. The
   * list may change between two items: then those that follow the last one are yielded.
   */
  *upwards(isBefore: (item: T) => boolean): Iterable<T> {
    let { at, index } = this.#firstPlace(isBefore);
    let changes = this.#changes;
    for (; at < this.#chunks.length; at += 1) {
      let chunk = this.#chunks[at] ?? [];
      for (; index < chunk.length; index += 1) {
        const item = chunk[index] as T;
        yield item;
        if (this.#changes === changes) continue;
        changes = this.#changes;
        ({ at, index } = this.#firstPlace((other) => this.#compare(other, item) <= 0));
        chunk = this.#chunks[at] ?? [];
        index -= 1;
      }
      index = 0;
    }
  }

  /** Yields the items downwards, from the last for which `isAfter` is false; else as `upwards`. */
  *downwards(isAfter: (item: T) => boolean): Iterable<T> {
    let { at, index } = this.#lastPlace(isAfter);
    let changes = this.#changes;
    for (; at >= 0; at -= 1) {
      let chunk = this.#chunks[at] ?? [];
      for (; index >= 0; index -= 1) {
        const item = chunk[index] as T;
        yield item;
        if (this.#changes === changes) continue;
        changes = this.#changes;
        ({ at, index } = this.#lastPlace((other) => this.#compare(other, item) >= 0));
        chunk = this.#chunks[at] ?? [];
        index += 1;
      }
      index = (this.#chunks[at - 1]?.length ?? 0) - 1;
    }
  }

  /** Returns the place of the first item for which `isBefore` is false. */
  #firstPlace(isBefore: (item: T) => boolean): { at: number; index: number } {
    const at = Math.max(0, this.#firstChunk((first) => !isBefore(first)) - 1);
    return { at, index: firstIn(this.#chunks[at] ?? [], isBefore) };
  }

  /** Returns the place of the last item for which `isAfter` is false. */
  #lastPlace(isAfter: (item: T) => boolean): { at: number; index: number } {
    const at = this.#firstChunk(isAfter) - 1;
    return { at, index: firstIn(this.#chunks[at] ?? [], (item) => !isAfter(item)) - 1 };
  }

  /** Returns the index of the first chunk whose first item `isFound`, by binary search; their number if there is none. */
  #firstChunk(isFound: (first: T) => boolean): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isFound((this.#chunks[middle] as T[])[0] as T)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Returns the index of the first item for which `isBefore` is false, by binary search; the length if there is none. */
export function firstIn<T>(sorted: readonly T[], isBefore: (item: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(sorted[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
