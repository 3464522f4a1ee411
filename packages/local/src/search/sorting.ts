import type { Work } from "../turns.js";

/** Numbers that are sorted or merged in one part of the work. */
const NUMBERS_OF_A_PART = 4_096;

/** Returns the numbers in ascending order. */
export function* sortNumbers(numbers: readonly number[]): Work<Float64Array> {
  let sorted = new Float64Array(numbers.length);
  for (let from = 0; from < numbers.length; from += NUMBERS_OF_A_PART) {
    sorted.set(numbers.slice(from, from + NUMBERS_OF_A_PART), from);
    sorted.subarray(from, from + NUMBERS_OF_A_PART).sort();
    yield;
  }
  let merged = new Float64Array(numbers.length);
  for (let size = NUMBERS_OF_A_PART; size < numbers.length; size *= 2) {
    for (let from = 0; from < numbers.length; from += 2 * size) {
      yield* merge(sorted.subarray(from, from + size), sorted.subarray(from + size, from + 2 * size), {
        to: merged.subarray(from, from + 2 * size),
      });
    }
    [sorted, merged] = [merged, sorted];
  }
  return sorted;
}

/** Merges two sorted lists of numbers. */
function* merge(some: Float64Array, others: Float64Array, { to }: { to: Float64Array }): Work<void> {
  let at = 0;
  for (let index = 0; index < to.length; index += 1) {
    const [one, other] = [some[at], others[index - at]];
    if (other === undefined || (one !== undefined && one <= other)) {
      to[index] = one as number;
      at += 1;
    } else to[index] = other;
    if (index % NUMBERS_OF_A_PART === NUMBERS_OF_A_PART - 1) yield;
  }
}

/** Keeps the first `count` of many items, in the order of `compare`, without sorting the others. */
export class FirstOnes<T> {
  readonly #count: number;
  readonly #compare: (a: T, b: T) => number;
  /** The first ones so far, and some that may be among them. */
  #kept: T[] = [];
  /** The last of the first ones, when they were last sorted; there are `count` by then. */
  #limit: T | undefined;

  constructor(count: number, compare: (a: T, b: T) => number) {
    this.#count = count;
    this.#compare = compare;
  }

  add(item: T): void {
    if (this.#limit !== undefined && this.#compare(item, this.#limit) > 0) return;
    this.#kept.push(item);
    if (this.#kept.length < this.#count + CANDIDATES) return;
    this.sorted();
    this.#limit = this.#kept.at(-1);
  }

  /** Returns the first ones in their order. */
  sorted(): T[] {
    this.#kept = this.#kept.sort(this.#compare).slice(0, this.#count);
    return this.#kept;
  }
}

/** Items that are kept besides the first ones before all are sorted. */
const CANDIDATES = 10_000;
